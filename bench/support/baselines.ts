// What the baselines reached in the prototype. A baseline that is much worse would flatter every ratio.

import { CONNECTIONS, type Contender, type Contest } from './contenders.ts'

/** At 512 connections on two cores. Rates a second, CPU in µs a request, the engine's included. */
const PROTOTYPE = {
  fastify: { rate: 25_000, cpu: 26 },
  naive: { rate: 1_320, cpu: 885 },
}
/** Worse by more than this part is flagged. */
const TOLERANCE = 0.25

/** A line for each baseline: as good as the prototype's, or flagged. */
export function baselineNotes(
  contest: Contest,
  baselines: { readonly fastify?: Contender; readonly naive?: Contender },
): string[] {
  return (['fastify', 'naive'] as const).flatMap(kind => {
    const baseline = baselines[kind]
    if (baseline === undefined) return []
    const { rate, serverCpu, engineCpu } = contest.middle(baseline, CONNECTIONS)
    const cpu = serverCpu + engineCpu
    const before = PROTOTYPE[kind]
    const worse = rate < before.rate * (1 - TOLERANCE) || cpu > before.cpu * (1 + TOLERANCE)
    const figures =
      `${Math.round(rate)}/s at ${cpu.toFixed(0)} µs, ` +
      `the prototype's ${before.rate}/s at ${before.cpu} µs`
    return [
      `${worse ? 'FLAG: worse than 25 % below' : 'as good as'} the prototype: ${baseline.name}, ${figures}`,
    ]
  })
}
