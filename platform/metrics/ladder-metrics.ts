// Where this process stands, how often it moved, and what comparisons with the ledger found.

import { Counter, Gauge, type Registry } from 'prom-client'
import type { Contract } from '../contract/operation.ts'
import type { Ladders } from '../ladders/ladders.ts'
import type { Module } from '../module.ts'

export type Shadows = NonNullable<Module<Contract>['shadows']>

export function ladderMetrics(registry: Registry, ladders: Ladders, shadows: Shadows): void {
  const registers = [registry]
  new Gauge({
    name: 'levee_ladder_standing',
    help: '1: calls of this ladder take this rung',
    labelNames: ['ladder', 'rung'],
    registers,
    collect() {
      this.reset()
      for (const { ladder, standing, rungs } of ladders.status)
        for (const { rung } of rungs) this.set({ ladder, rung }, rung === standing ? 1 : 0)
    },
  })
  new Counter({
    name: 'levee_ladder_moves_total',
    help: 'Times that this process has changed its rung',
    labelNames: ['ladder'],
    registers,
    collect() {
      this.reset()
      for (const { ladder } of ladders.status) this.inc({ ladder }, ladders.moves.get(ladder) ?? 0)
    },
  })
  new Counter({
    name: 'levee_shadow_reads_total',
    help: 'Live reads that were also asked of the ledger, by what that found',
    labelNames: ['ladder', 'outcome'],
    registers,
    collect() {
      this.reset()
      for (const { ladder, counts } of shadows) {
        const { compared, moving, differences } = counts
        this.inc({ ladder, outcome: 'same' }, compared - moving - differences)
        this.inc({ ladder, outcome: 'moving' }, moving)
        this.inc({ ladder, outcome: 'differs' }, differences)
      }
    },
  })
}
