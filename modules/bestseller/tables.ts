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
}

export interface StateRow {
  id: number
  /** The generation that is read. */
  generation: number
  /** The one being built; null: none. */
  building: number | null
  /** Orders up to this id are in the one being built. */
  built_up_to: string
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
}
