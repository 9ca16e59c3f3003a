// What processes tell each other of their ladders, in the ledger: pins, and where each stands. A hint like any other: who
// cannot read it goes on by what it sees itself.

import { type Ladder, ladders } from '../../resilience/ladders.ts'
import type { Pin } from '../../resilience/pins.ts'
import type { Ledger, Tx } from '../sql/ledger.ts'
import type { PlatformTables } from '../sql/platform-tables.ts'
import type { LadderStatus } from './live-ladder.ts'

export interface ProcessStanding extends LadderStatus {
  readonly process: string
  readonly service: string
  /** Epoch ms. */
  readonly saidAt: number
}

/** Processes that are shown: more than any fleet has. */
const STANDINGS_MOST = 1_000

const isLadder = (name: string): name is Ladder => Object.hasOwn(ladders, name)

/** Those that hold at `now`. */
export async function readPins(ledger: Ledger, now: number): Promise<Map<Ladder, Pin>> {
  const rows = await ledger
    .reads<PlatformTables>()
    .selectFrom('ladder_pins')
    .selectAll()
    .where('until_at', '>', now)
    .execute()
  return new Map(
    rows.flatMap(({ ladder, rung, pinned_by: by, reason, since, until_at: until }) =>
      isLadder(ladder) ? [[ladder, { rung, by, reason, since, until }] as const] : [],
    ),
  )
}

/** Takes the place of an earlier pin of the ladder. */
export async function writePin(tx: Tx<PlatformTables>, ladder: Ladder, pin: Pin): Promise<void> {
  await deletePin(tx, ladder)
  const { rung, by: pinned_by, reason, since, until: until_at } = pin
  await tx.insertInto('ladder_pins').values({ ladder, rung, pinned_by, reason, since, until_at }).execute()
}

/** False: it was not pinned. */
export async function deletePin(tx: Tx<PlatformTables>, ladder: Ladder): Promise<boolean> {
  const { numDeletedRows } = await tx
    .deleteFrom('ladder_pins')
    .where('ladder', '=', ladder)
    .executeTakeFirst()
  return numDeletedRows > 0n
}

/** Where this process stands now, instead of what it said before; what nobody has renewed since `old` is removed. */
export async function writeStandings(
  ledger: Ledger,
  process: string,
  service: string,
  status: readonly LadderStatus[],
  now: number,
  old: number,
): Promise<void> {
  const rows = status.map(({ ladder, standing, rungs }) => ({
    ...{ process, service, ladder, standing },
    rungs: JSON.stringify(rungs),
    said_at: now,
  }))
  await ledger.write<PlatformTables, void>(async tx => {
    await tx.deleteFrom('ladder_standings').where('process', '=', process).execute()
    if (rows.length > 0) await tx.insertInto('ladder_standings').values(rows).execute()
    await tx.deleteFrom('ladder_standings').where('said_at', '<', old).execute()
  })
}

export async function readStandings(ledger: Ledger): Promise<readonly ProcessStanding[]> {
  const rows = await ledger
    .reads<PlatformTables>()
    .selectFrom('ladder_standings')
    .selectAll()
    .orderBy('service')
    .orderBy('process')
    .limit(STANDINGS_MOST)
    .execute()
  return rows.flatMap(({ ladder, rungs, said_at: saidAt, ...row }) =>
    isLadder(ladder)
      ? [{ ...row, ladder, pin: null, rungs: JSON.parse(rungs) as LadderStatus['rungs'], saidAt }]
      : [],
  )
}
