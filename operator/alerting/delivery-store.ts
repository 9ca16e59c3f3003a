// The rows of what is to be told: one for each message, channel and contact. All SQL of the queue is here.

import type { SmallStore, StoreStep } from '../../platform/store/small-store.ts'
import { LEVELS, type Level } from '../level.ts'
import type { Kind, Message } from './message.ts'
import type { Recipient } from './on-call.ts'
import type { ChannelName } from './routes.ts'

/**
 * - `waiting`: to be sent, or on its way
 * - `joined`: part of a digest that is not delivered yet
 * - `superseded`: a later telling says all of it
 * - `refused`: the channel will never take it
 * - `given-up`: tried too often
 */
export type DeliveryState = 'waiting' | 'joined' | 'delivered' | 'superseded' | 'refused' | 'given-up'

export interface Delivery {
  readonly seq: number
  readonly message: string
  readonly channel: ChannelName
  readonly contact: string
  readonly incident: string
  readonly kind: Kind
  /** Place in `LEVELS`. */
  readonly level: number
  readonly state: DeliveryState
  readonly attempts: number
  /** Epoch ms. */
  readonly created: number
  readonly due: number
  /** 1: an attempt began of which nobody knows whether it arrived. */
  readonly unsure: number
  /** 1: the next channel was told as well. */
  readonly fell_back: number
  readonly why: string | null
  readonly done: number | null
}

export const DELIVERY_STEPS: readonly StoreStep[] = [
  {
    name: '2026-11-27 alert deliveries',
    sql: `
      CREATE TABLE alert_messages (
        n INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE, incident TEXT NOT NULL, at INTEGER NOT NULL, body TEXT NOT NULL
      ) STRICT;
      CREATE TABLE alert_deliveries (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        message TEXT NOT NULL REFERENCES alert_messages (id),
        channel TEXT NOT NULL, contact TEXT NOT NULL,
        incident TEXT NOT NULL, kind TEXT NOT NULL, level INTEGER NOT NULL,
        state TEXT NOT NULL DEFAULT 'waiting', digest TEXT,
        attempts INTEGER NOT NULL DEFAULT 0, created INTEGER NOT NULL, due INTEGER NOT NULL,
        unsure INTEGER NOT NULL DEFAULT 0, fell_back INTEGER NOT NULL DEFAULT 0, why TEXT, done INTEGER,
        UNIQUE (message, channel, contact)
      ) STRICT;
      CREATE INDEX alert_deliveries_open ON alert_deliveries (channel, contact, incident, seq)
        WHERE state IN ('waiting', 'joined');
      CREATE INDEX alert_deliveries_done ON alert_deliveries (channel, contact, done) WHERE state = 'delivered';
      CREATE INDEX alert_deliveries_incident ON alert_deliveries (incident);`,
  },
]

const COLUMNS = `seq, message, channel, contact, incident, kind, level, state, attempts, created, due, unsure, fell_back,
  why, done`

/** Most rows looked at in one go: far more than are sent at once, few enough to take a millisecond. */
const LOOK_MOST = 500

/** What a message says and whom it mentions, as it is kept. */
export interface Kept {
  readonly message: Message
  readonly mentions: readonly string[]
}

/** Within the caller's transaction. Nothing happens to a pair that has this message already. */
export function addDeliveries(
  store: SmallStore,
  { message, mentions }: Kept,
  recipients: readonly Recipient[],
  now: number,
): number {
  store.run(
    'INSERT INTO alert_messages (id, incident, at, body) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING',
    message.id,
    message.key,
    message.at,
    JSON.stringify({ message, mentions }),
  )
  let added = 0
  for (const { channel, contact } of recipients)
    added += store.run(
      `INSERT INTO alert_deliveries (message, channel, contact, incident, kind, level, created, due)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (message, channel, contact) DO NOTHING`,
      message.id,
      channel,
      contact,
      message.key,
      message.kind,
      LEVELS.indexOf(message.level),
      now,
      now,
    )
  return added
}

export function keptMessage(store: SmallStore, id: string): Kept {
  const row = store.one<{ body: string }>('SELECT body FROM alert_messages WHERE id = ?', id)
  if (row === undefined) throw new Error(`no message ${id}`)
  return JSON.parse(row.body) as Kept
}

/** Unsent tellings of these kinds that came before this message on the same way: it says what they would have said. */
export function supersede(store: SmallStore, message: Message, kinds: readonly Kind[], now: number): number {
  let changed = 0
  for (const kind of kinds)
    changed += store.run(
      `UPDATE alert_deliveries SET state = 'superseded', done = ?, why = ?
       WHERE incident = ? AND kind = ? AND state = 'waiting' AND message <> ?
         AND EXISTS (SELECT 1 FROM alert_deliveries AS later WHERE later.message = ?
           AND later.channel = alert_deliveries.channel AND later.contact = alert_deliveries.contact
           AND later.seq > alert_deliveries.seq)`,
      now,
      `by ${message.id}`,
      message.key,
      kind,
      message.id,
      message.id,
    )
  return changed
}

/** Unsent tellings of an incident on one channel, whatever they say. */
export function dropUnsent(
  store: SmallStore,
  incident: string,
  channel: ChannelName,
  why: string,
  now: number,
) {
  return store.run(
    `UPDATE alert_deliveries SET state = 'superseded', done = ?, why = ?
     WHERE incident = ? AND channel = ? AND state = 'waiting'`,
    now,
    why,
    incident,
    channel,
  )
}

/** The first open row of each way (channel, contact, incident): nothing of an incident overtakes what came before it. */
export function heads(store: SmallStore): readonly Delivery[] {
  return store.all<Delivery>(
    `SELECT ${COLUMNS} FROM alert_deliveries AS d WHERE state = 'waiting' AND NOT EXISTS (
       SELECT 1 FROM alert_deliveries AS e WHERE e.state IN ('waiting', 'joined')
         AND e.channel = d.channel AND e.contact = d.contact AND e.incident = d.incident AND e.seq < d.seq)
     ORDER BY level DESC, seq LIMIT ${LOOK_MOST}`,
  )
}

/** Waiting, with no second way yet, oldest first. */
export function withoutSecondWay(store: SmallStore): readonly Delivery[] {
  return store.all<Delivery>(
    `SELECT ${COLUMNS} FROM alert_deliveries WHERE state = 'waiting' AND fell_back = 0 ORDER BY seq LIMIT ${LOOK_MOST}`,
  )
}

/** Of one way, up to this row: those that wait and have no second way yet, oldest first. */
export function upTo(store: SmallStore, { channel, contact, incident, seq }: Delivery): readonly Delivery[] {
  return store.all<Delivery>(
    `SELECT ${COLUMNS} FROM alert_deliveries WHERE state = 'waiting' AND fell_back = 0
       AND channel = ? AND contact = ? AND incident = ? AND seq <= ? ORDER BY seq`,
    channel,
    contact,
    incident,
    seq,
  )
}

/** Whether this channel has a later telling of the incident: after that one, this one would be old news told as new. */
export const toldLater = (
  store: SmallStore,
  { incident, message }: Delivery,
  channel: ChannelName,
): boolean =>
  store.one(
    `SELECT 1 AS one FROM alert_deliveries AS d JOIN alert_messages AS m ON m.id = d.message
     WHERE d.incident = ? AND d.channel = ? AND m.n > (SELECT n FROM alert_messages WHERE id = ?)`,
    incident,
    channel,
    message,
  ) !== undefined

/** How many tellings went this way since then. A digest counts as one. */
export function sentSince(store: SmallStore, channel: string, contact: string, since: number): number {
  const row = store.one<{ n: number }>(
    `SELECT COUNT(*) AS n FROM alert_deliveries
     WHERE state = 'delivered' AND digest IS NULL AND channel = ? AND contact = ? AND done > ?`,
    channel,
    contact,
    since,
  )
  return row?.n ?? 0
}

/** On disk before the attempt: whoever finds it after a crash knows that it may have arrived. */
export function attemptBegins(store: SmallStore, seq: number): void {
  store.run('UPDATE alert_deliveries SET attempts = attempts + 1, unsure = 1 WHERE seq = ?', seq)
}

export function attemptFailed(
  store: SmallStore,
  seq: number,
  due: number,
  unsure: boolean,
  why: string,
): void {
  store.run(
    `UPDATE alert_deliveries SET due = ?, unsure = ?, why = ? WHERE seq = ? AND state = 'waiting'`,
    due,
    unsure ? 1 : 0,
    why,
    seq,
  )
}

/**
 * The row, and where it is a digest all that is joined in it, on its own way only: another that tells it too has ended nothing
 * here. False: it was superseded meanwhile, so that its failure matters to
 * nobody.
 */
export function finish(
  store: SmallStore,
  { seq, message, channel, contact }: Delivery,
  state: 'delivered' | 'refused' | 'given-up',
  why: string | null,
  now: number,
): boolean {
  const changed = store.run(
    `UPDATE alert_deliveries SET state = ?, why = ?, done = ? WHERE seq = ? AND (state = 'waiting' OR ? = 'delivered')`,
    state,
    why,
    now,
    seq,
    state,
  )
  store.run(
    `UPDATE alert_deliveries SET state = ?, why = ?, done = ?
     WHERE state = 'joined' AND digest = ? AND channel = ? AND contact = ?`,
    state,
    why,
    now,
    message,
    channel,
    contact,
  )
  return changed > 0
}

export function markFellBack(store: SmallStore, seq: number): void {
  store.run('UPDATE alert_deliveries SET fell_back = 1 WHERE seq = ?', seq)
}

export function joinInto(store: SmallStore, digest: string, seqs: readonly number[]): void {
  for (const seq of seqs)
    store.run(
      `UPDATE alert_deliveries SET state = 'joined', digest = ? WHERE seq = ? AND state = 'waiting'`,
      digest,
      seq,
    )
}

/** Channels that carry this message already. */
export function channelsOf(store: SmallStore, message: string): ReadonlySet<ChannelName> {
  const rows = store.all<{ channel: ChannelName }>(
    'SELECT DISTINCT channel FROM alert_deliveries WHERE message = ?',
    message,
  )
  return new Set(rows.map(({ channel }) => channel))
}

/** By what ways the incident was told so far: what was opened there is closed there. */
export function waysOf(store: SmallStore, incident: string): readonly Recipient[] {
  return store.all<{ channel: ChannelName; contact: string }>(
    'SELECT channel, contact FROM alert_deliveries WHERE incident = ? GROUP BY channel, contact ORDER BY MIN(seq)',
    incident,
  )
}

export function deliveriesOf(store: SmallStore, incident: string): readonly Delivery[] {
  return store.all<Delivery>(
    `SELECT ${COLUMNS} FROM alert_deliveries WHERE incident = ? ORDER BY seq`,
    incident,
  )
}

export interface QueueCounts {
  readonly channel: ChannelName
  readonly waiting: number
  /** Since when the oldest waits, epoch ms. */
  readonly oldest: number
}

export function queueCounts(store: SmallStore): readonly QueueCounts[] {
  return store.all<QueueCounts>(
    `SELECT channel, COUNT(*) AS waiting, MIN(created) AS oldest FROM alert_deliveries
     WHERE state = 'waiting' GROUP BY channel ORDER BY channel`,
  )
}

/** Removes what was done before then, of incidents of which nothing is open. Returns how many rows. */
export function forget(store: SmallStore, before: number, most: number): number {
  const gone = store.run(
    `DELETE FROM alert_deliveries WHERE seq IN (
       SELECT seq FROM alert_deliveries AS d WHERE state NOT IN ('waiting', 'joined') AND done < ? AND NOT EXISTS (
         SELECT 1 FROM alert_deliveries AS e WHERE e.incident = d.incident
           AND (e.state IN ('waiting', 'joined') OR e.done >= ?))
       ORDER BY seq LIMIT ?)`,
    before,
    before,
    most,
  )
  store.run(
    `DELETE FROM alert_messages WHERE at < ? AND NOT EXISTS (
       SELECT 1 FROM alert_deliveries AS d WHERE d.message = alert_messages.id)`,
    before,
  )
  return gone
}

export const levelOf = (place: number): Level => LEVELS[place] ?? 'warning'
