// The members of one transaction: what it writes for each beside the family's own rows, and their answers.

import { type Call, isAudited } from '../contract/call.ts'
import { type Refused, type Result, refuse } from '../contract/result.ts'
import { type DomainEvent, outboxInsert } from '../events/event.ts'
import type { Outcome } from './combinable.ts'
import { insertInto, type Value, type Write } from './statements.ts'

/** One caller's request while it waits. */
export interface Pending<Req, Res> {
  readonly request: Req
  readonly call: Call
  /** Epoch ms. */
  readonly enqueuedAt: number
  /** How often it was put aside because somebody else held its rows. */
  parks: number
  resolve(result: Result<Res>): void
  reject(error: unknown): void
}

const keyRows = insertInto('idempotency', ['id', 'fingerprint', 'operation', 'answer', 'created_at'])
const AUDIT = ['at', 'actor', 'channel_id', 'operation', 'request_id', 'subject', 'detail'] as const
const auditRows = insertInto('audit', AUDIT)

export class Batch<Req, Res> {
  readonly members: Pending<Req, Res>[] = []
  readonly parked: Pending<Req, Res>[] = []
  /** Idempotency ids of the members. */
  readonly keys = new Set<string>()
  private readonly name: string
  private readonly results: Result<Res>[] = []
  private readonly answered: Pending<Req, Res>[] = []
  private readonly keyValues: Value[][] = []
  private readonly events: DomainEvent[] = []
  private readonly audits: Value[][] = []

  constructor(name: string) {
    this.name = name
  }

  get size(): number {
    return this.members.length
  }

  add(pending: Pending<Req, Res>, outcome: Outcome<Res>, now: number): void {
    this.members.push(pending)
    if (outcome === 'parked') {
      this.parked.push(pending)
      return
    }
    let { result } = outcome
    const { call } = pending
    if (outcome.events) this.events.push(...outcome.events)
    if (result.ok && call.idempotency) {
      const { id, fingerprint } = call.idempotency
      const json = result.json ?? JSON.stringify(result.value)
      result = { ok: true, value: result.value, json }
      this.keys.add(id)
      this.keyValues.push([id, fingerprint, this.name, json, now])
    }
    if (result.ok && outcome.audit && isAudited(call.principal)) {
      const { id, channelId } = call.principal
      const { subject, detail } = outcome.audit
      this.audits.push([now, id, channelId, this.name, call.requestId, subject, JSON.stringify(detail)])
    }
    this.answered.push(pending)
    this.results.push(result)
  }

  /** A member whose key was answered before. */
  repeat(pending: Pending<Req, Res>, first: Result<Res>): void {
    this.members.push(pending)
    this.answered.push(pending)
    this.results.push(first)
  }

  writes(now: number): Write[] {
    return [keyRows(this.keyValues), outboxInsert(this.events, now), auditRows(this.audits)]
  }

  /** After the commit: each member hears what was decided on it. */
  answer(): void {
    for (const [i, pending] of this.answered.entries()) pending.resolve(this.results[i]!)
  }
}

export function answerAll<Req, Res>(batch: readonly Pending<Req, Res>[], refused: Refused): void {
  for (const pending of batch) pending.resolve(refused)
}

export function unavailable(): Refused {
  return refuse('ledger_unavailable', 'The ledger cannot be reached, or has no room; nothing was done.', {
    retryAfter: 1,
  })
}

export function tooLate<Req, Res>(pending: Pending<Req, Res>): void {
  pending.resolve(refuse('deadline_exceeded', 'It waited past its deadline.', { retryAfter: 1 }))
}
