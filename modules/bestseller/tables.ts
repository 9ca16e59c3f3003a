// The projection of sales. Only this module reads and writes it; it can be thrown away and built anew.

import type { Schema } from '../../platform/sql/schema.ts'

export interface DayRow {
  generation: number
  /** YYYY-MM-DD in the shop's time zone: the day of the original sale, for refunds too. */
  day: string
  country: string
  product_id: string
  units: number
  revenue: number
  refunded_units: number
  refunded_revenue: number
  /** Of the projection when the row was last changed; 0: before there were versions. */
  version: number
}

export interface StateRow {
  id: number
  /** The generation that is read. */
  generation: number
  /** The one being built; null: none. */
  building: number | null
  /** Orders up to this id are in the one being built. */
  built_up_to: string
  /** Grows by one with each transaction that changes a figure; never reset. */
  version: number
}

export interface BestsellerTables {
  bestseller_days: DayRow
  bestseller_state: StateRow
}

export const bestsellerSchema: Schema = {
  '2026-11-23-bestseller': t => [
    `CREATE TABLE bestseller_days (
      generation ${t.int} NOT NULL, day ${t.id} NOT NULL, country ${t.text(56)} NOT NULL, product_id ${t.id} NOT NULL,
      units ${t.int} NOT NULL, revenue ${t.int} NOT NULL, refunded_units ${t.int} NOT NULL,
      refunded_revenue ${t.int} NOT NULL, PRIMARY KEY (generation, day, country, product_id)) ${t.table}`,
    `CREATE TABLE bestseller_state (
      id ${t.int} NOT NULL PRIMARY KEY, generation ${t.int} NOT NULL, building ${t.int},
      built_up_to ${t.id} NOT NULL) ${t.table}`,
    `INSERT INTO bestseller_state (id, generation, building, built_up_to) VALUES (1, 1, NULL, '')`,
  ],
  // What changed since a version, and all figures of a product in some days: what Redis is told.
  '2026-11-27-ranking-versions': t => [
    `ALTER TABLE bestseller_days ADD COLUMN version ${t.int} NOT NULL DEFAULT 0`,
    `ALTER TABLE bestseller_state ADD COLUMN version ${t.int} NOT NULL DEFAULT 0`,
    'CREATE INDEX bestseller_changed ON bestseller_days (generation, version)',
    'CREATE INDEX bestseller_products ON bestseller_days (generation, product_id, day)',
  ],
}
