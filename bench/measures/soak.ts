// Whether ladders stay where they are while nothing is wrong: thirty minutes of three processes at seven tenths of what they can do.
//
// How much that is, is measured first: the mix of support/mix.ts as a closed loop, 64 connections at each process, the median of
// three loads. Then the same mix comes at 0.7 of that rate whatever is answered (an open loop), so that a shop that falls behind is not
// asked less often for it. Shops, engines and the client share the machine's cores, as in `goodput`.
//
// A wrong step is any move to a worse rung while all engines run, in any process; each is told with its ladder, its time and what was
// found. Counted from the processes' logs, and compared with their own counters.

import { setTimeout as pause } from 'node:timers/promises'
import type { RunningShop } from '../../tests/support/shop.ts'
import { type Arena, inArena } from '../support/arena.ts'
import { Fleet } from '../support/fleet.ts'
import { isDown, type Move, movesOf } from '../support/ladder-moves.ts'
import { type Measure, median, type Run } from '../support/measure.ts'

const CONNECTIONS = 64
/** Part of the saturated rate. */
const PART = 0.7
/** s; with --quick a minute. */
const SOAK_S = 1_800
const SOAK_QUICK_S = 60
/** Loads by which saturation is told, with --quick one; and before them, s. */
const LOADS = 3
const WARM_UP_S = 8
/** One step of the progress, s. */
const STEP_S = 10
/** Requests a second that no machine of today reaches. */
const MOST = 30_000
/** The client counts as having kept up above this part of what was due. */
const KEPT_UP = 0.99
/** Share of all cores that others may have used: with more of them it was no load of 70 %. */
const OTHERS_MOST = 0.1
/** Moves told; the rest is alike. */
const TOLD_MOST = 40

const soakOf = ({ rounds }: Run): number => (rounds > 1 ? SOAK_S : SOAK_QUICK_S)
const loadsOf = ({ rounds }: Run): number => (rounds > 1 ? LOADS : 1)

export const soak: Measure = {
  name: 'soak',
  summary: 'wrong steps down in 30 healthy minutes at 70 % of saturation, three processes',
  long: true,
  steps: run => loadsOf(run) + soakOf(run) / STEP_S,
  run: run => inArena(run, arena => measure(arena, run)),
}

async function measure(arena: Arena, run: Run) {
  const fleet = await Fleet.open(arena)
  const closed = (name: string, seconds: number) =>
    fleet.serve({ connections: CONNECTIONS, seconds }, name, MOST)
  await closed('warming up', WARM_UP_S)
  const saturated: number[] = []
  for (let i = 0; i < loadsOf(run); i++) {
    const { requests, seconds } = await closed('saturation', run.seconds)
    saturated.push(requests / seconds)
    run.step()
  }
  const saturation = median(saturated)
  const perSecond = Math.floor(saturation * PART)
  const seconds = soakOf(run)
  const began = Date.now()
  const over = new AbortController()
  const telling = tellTime(run, seconds / STEP_S, over.signal)
  const load = { connections: CONNECTIONS, seconds, perSecond }
  const served = await fleet.serve(load, 'soak', perSecond).finally(() => over.abort())
  await telling
  const moves = fleet.shops
    .flatMap((shop, i) =>
      movesOf(shop, began).map(move => ({ ...move, process: i + 1, at: (move.at - began) / 1_000 })),
    )
    .sort((a, b) => a.at - b.at)
  const wrong = moves.filter(isDown)
  const problems = [...fleet.problems, ...fleet.dead(), ...(await miscounted(fleet.shops))]
  if (served.requests < perSecond * seconds * KEPT_UP)
    problems.push(`only ${served.requests} of ${perSecond * seconds} requests were answered`)
  if (served.others > OTHERS_MOST)
    problems.push(
      `others used ${percent(served.others)} of the cores: this says nothing of a machine at ${percent(PART)}`,
    )
  return {
    rows: [
      {
        name: `wrong steps down in ${seconds / 60} healthy minutes at ${percent(PART)} of saturation, three processes`,
        ...{ value: wrong.length, unit: '', goal: 0, floor: 0, better: 'lower' as const },
      },
    ],
    notes: [
      `saturated: ${saturated.map(rate => rate.toFixed(0)).join(' ')} requests/s; soaked at ${perSecond}`,
      `${served.requests} answers, p50 ${served.p50} ms, p99 ${served.p99} ms; cores ${percent(served.cores)} busy, ` +
        `${percent(served.others)} with what is not ours; client ${percent(served.busy)} of one; settled after ${served.settled.toFixed(1)} s`,
      ...summary(wrong),
      ...moves
        .slice(0, TOLD_MOST)
        .map(
          ({ process, ladder, from, to, cause, at }) =>
            `process ${process} after ${at.toFixed(1)} s: ${ladder} ${from} → ${to}${cause === null ? '' : `, ${cause}`}`,
        ),
      ...(moves.length > TOLD_MOST ? [`and ${moves.length - TOLD_MOST} moves more`] : []),
    ],
    problems: [...problems, ...(await fleet.verify())],
  }
}

const percent = (part: number): string => `${(100 * part).toFixed(0)} %`

/** How often each ladder was left, and for what. */
function summary(wrong: readonly Move[]): string[] {
  const counts = new Map<string, number>()
  for (const { ladder, cause } of wrong) {
    const what = `${ladder}, ${cause}`
    counts.set(what, (counts.get(what) ?? 0) + 1)
  }
  return [...counts].map(([what, count]) => `${count} steps down: ${what}`)
}

/** Steps of the progress while the one long load goes on; all of them, also where it ended early. */
async function tellTime(run: Run, steps: number, signal: AbortSignal): Promise<void> {
  for (let i = 0; i < steps; i++) {
    if (!signal.aborted) await pause(STEP_S * 1_000, undefined, { signal }).catch(() => undefined)
    run.step()
  }
}

/** The log and the counter of a process tell the same number of moves; what is told twice and differs is worth nothing. */
async function miscounted(shops: readonly RunningShop[]): Promise<string[]> {
  const problems = shops.map(async (shop, i) => {
    const text = await (await fetch(`${shop.url}/metrics`)).text()
    const counted = [...text.matchAll(/^levee_ladder_moves_total\{[^}]*\} (\d+)$/gm)].map(([, count]) =>
      Number(count),
    )
    const all = counted.reduce((sum, count) => sum + count, 0)
    const logged = movesOf(shop).length
    return counted.length > 0 && all === logged
      ? []
      : [`process ${i + 1} counted ${all} moves and logged ${logged}`]
  })
  return (await Promise.all(problems)).flat()
}
