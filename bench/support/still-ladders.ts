// Ladders that stand on their top rungs and do nothing else: no probes, no samples, no comparisons, no practice, no pins.

import type { Ladders } from '../../platform/ladders/ladders.ts'
import type { Standing } from '../../platform/ladders/standing.ts'
import { Detector } from '../../resilience/detector.ts'
import { type Ladder, ladders, type Rung } from '../../resilience/ladders.ts'

/** For a process of its own: what calls come to is looked at by nobody there any more. */
export function stillLadders(): Ladders {
  // What engines' clients tell of each call ends here.
  Detector.prototype.note = () => undefined
  return {
    of: <L extends Ladder>(name: L) => onTop<L>(ladders[name][0] as Rung<L>),
    status: [],
    moves: new Map(),
    setPins: () => undefined,
    setPin: () => false,
    start: () => undefined,
    close: () => undefined,
  }
}

/** Every rung is there, as with ladders that move: the same modules are wired in the same way. */
function onTop<L extends Ladder>(rung: Rung<L>): Standing<L> {
  return {
    standing: rung,
    choose: () => rung,
    watch: (_rung, answer) => answer,
    whenBack: () => undefined,
    onMove: () => undefined,
    differs: () => undefined,
    compares: () => false,
    has: () => true,
  }
}
