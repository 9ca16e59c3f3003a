import type { Call, FaultMark } from './history.ts'
import { byAction, type Finding, isFinalRefusal, isOk, type Rule } from './rule.ts'

/** An unknown outcome is known so long after it was asked for, or after the last fault that stood in the way, ms. */
const KNOWN_WITHIN_MS = 30_000

export const availability: Rule = {
  name: 'availability',
  proves: 'every call ended: ok, a clear refusal, or unknown and looked up within a bound; none is lost',
  check({ calls, faults }): Finding {
    const ends = faults.filter(({ phase }) => phase === 'end').map(({ t }) => t)
    const violations = [
      ...calls.filter(({ outcome }) => outcome === null).map(call => `${nameOf(call)}: never ended`),
      ...calls
        .filter(({ outcome }) => outcome?.code === 'internal_error')
        .map(call => `${nameOf(call)}: internal error instead of a clear answer`),
      ...[...byAction(calls).values()].flatMap(attempts => stillUnknown(attempts, ends)),
      ...faultsLeft(faults),
    ]
    return { checked: calls.length, violations }
  },
}

const nameOf = ({ op, action, process, id }: Call): string => `${op} ${action} (call ${id} of ${process})`

function stillUnknown(attempts: readonly Call[], ends: readonly number[]): string[] {
  const first = attempts.find(({ outcome }) => outcome?.result === 'unknown')
  if (first === undefined) return []
  // "Not now" after an unknown outcome says nothing of it.
  const known = attempts.find(call => call.t >= first.t && (isOk(call) || isFinalRefusal(call)))
  if (known === undefined) return [`${nameOf(first)}: unknown (${first.outcome?.code}), and never looked up`]
  const at = known.outcome!.t
  const quiet = Math.max(first.t, ...ends.filter(end => end <= at))
  const late = at - quiet
  return late <= KNOWN_WITHIN_MS
    ? []
    : [`${nameOf(first)}: known only ${late} ms after what stood in its way`]
}

/** A run that ended under a fault has not shown that anything comes back. */
function faultsLeft(faults: readonly FaultMark[]): string[] {
  return [...Map.groupBy(faults, ({ name }) => name)]
    .filter(([, marks]) => marks.at(-1)!.phase === 'begin')
    .map(([name]) => `${name}: was never mended`)
}
