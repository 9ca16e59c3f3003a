// Ladders that never move: for tests of one rung.

import type { Ladders } from '../../platform/ladders/ladders.ts'
import type { Standing } from '../../platform/ladders/standing.ts'
import { type Ladder, ladders, type Rung } from '../../resilience/ladders.ts'

export function standOn<L extends Ladder>(rung: Rung<L>): Standing<L> {
  return {
    choose: () => rung,
    watch: (_rung, answer) => answer,
    whenBack: () => undefined,
    onMove: () => undefined,
    differs: () => undefined,
    compares: () => false,
    has: wanted => wanted === rung,
    standing: rung,
  }
}

/** Those that are not named stand on their last rung. */
export function fixedLadders(rungs: { readonly [L in Ladder]?: Rung<L> } = {}): Pick<Ladders, 'of'> {
  return { of: <L extends Ladder>(name: L) => standOn<L>(rungs[name] ?? (ladders[name].at(-1) as Rung<L>)) }
}

/** For ladders of which only one matters: the last rung of each. */
export function fixedRungs(): { readonly [L in Ladder]: readonly Rung<L>[] } {
  const last = Object.entries(ladders).map(([name, rungs]) => [name, rungs.slice(-1)])
  return { ...(Object.fromEntries(last) as { [L in Ladder]: Rung<L>[] }), database: ['primary', 'read-only'] }
}

/** One that stands somewhere else at every call: round and round through these. */
export function restless<L extends Ladder>(rungs: readonly Rung<L>[]): Standing<L> {
  let calls = 0
  return {
    ...standOn<L>(rungs[0]!),
    choose: () => rungs[calls++ % rungs.length]!,
    has: wanted => rungs.includes(wanted),
  }
}
