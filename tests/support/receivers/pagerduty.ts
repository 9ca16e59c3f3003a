// PagerDuty's Events API v2, with its incidents: one for each key, as triggers, acknowledgements and resolutions leave them.

import { type Answer, type Call, json, Receiver } from './receiver.ts'

export interface PagerdutyEvent {
  readonly routing_key: string
  readonly event_action: 'trigger' | 'acknowledge' | 'resolve'
  readonly dedup_key: string
  readonly payload?: {
    readonly summary: string
    readonly source: string
    readonly severity: string
    readonly timestamp?: string
    readonly custom_details?: Readonly<Record<string, unknown>>
  }
  readonly links?: readonly { readonly href: string; readonly text?: string }[]
}

export const ROUTING_KEY = 'a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6'
const FIELDS = new Set([
  'routing_key',
  'event_action',
  'dedup_key',
  'payload',
  'client',
  'client_url',
  'links',
  'images',
])
const PAYLOAD_FIELDS = new Set([
  'summary',
  'source',
  'severity',
  'timestamp',
  'component',
  'group',
  'class',
  'custom_details',
])
const SEVERITIES = new Set(['critical', 'error', 'warning', 'info'])
const BYTES_MOST = 512 * 1_024

export class PagerdutyReceiver extends Receiver<PagerdutyEvent> {
  /** By key. */
  readonly incidents = new Map<string, 'triggered' | 'acknowledged' | 'resolved'>()

  protected override judge({ method, path, headers, body }: Call) {
    const no = (...errors: string[]): Answer =>
      this.wrong(
        errors.join(),
        json(400, { status: 'invalid event', message: 'Event object is invalid', errors }),
      )
    if (method !== 'POST' || path !== '/v2/enqueue') return this.wrong(`${method} ${path}`, { status: 404 })
    if (!(headers['content-type'] ?? '').startsWith('application/json')) return no('content-type')
    if (Buffer.byteLength(body) > BYTES_MOST) return this.wrong('too large', { status: 413 })
    const event = parsed(body)
    if (event === null) return no('is no JSON object')
    const fault = eventFault(event)
    if (fault !== null) return no(fault)
    this.apply(event)
    const answer = json(202, { status: 'success', message: 'Event processed', dedup_key: event.dedup_key })
    return { taken: event, answer }
  }

  private apply({ event_action: action, dedup_key: key }: PagerdutyEvent): void {
    const state = this.incidents.get(key)
    if (action === 'trigger') {
      // A trigger changes an open incident, whatever its state, and opens a new one after the end.
      if (state === undefined || state === 'resolved') this.incidents.set(key, 'triggered')
    } else if (state === undefined) this.violations.push(`${action} of ${key}, which was never triggered`)
    else this.incidents.set(key, action === 'resolve' ? 'resolved' : 'acknowledged')
  }
}

function parsed(body: string): PagerdutyEvent | null {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? (value as PagerdutyEvent) : null
  } catch {
    return null
  }
}

function eventFault(event: PagerdutyEvent): string | null {
  const { routing_key: key, event_action: action, dedup_key: dedup, payload, links = [] } = event
  const unknown = Object.keys(event).find(name => !FIELDS.has(name))
  if (unknown !== undefined) return `${unknown} is no field`
  if (key !== ROUTING_KEY) return `'routing_key' is invalid`
  if (!['trigger', 'acknowledge', 'resolve'].includes(action)) return `'event_action' is invalid`
  if (typeof dedup !== 'string' || dedup.length === 0 || dedup.length > 255) return `'dedup_key' is invalid`
  if (links.some(({ href }) => !/^https?:\/\//.test(href))) return `'links' is invalid`
  if (action !== 'trigger') return null
  if (payload === undefined) return `'payload' is missing or blank`
  const { summary, source, severity, timestamp } = payload
  const strange = Object.keys(payload).find(name => !PAYLOAD_FIELDS.has(name))
  if (strange !== undefined) return `payload.${strange} is no field`
  if (typeof summary !== 'string' || summary === '' || summary.length > 1_024)
    return `'payload.summary' is invalid`
  if (typeof source !== 'string' || source === '') return `'payload.source' is missing or blank`
  if (!SEVERITIES.has(severity)) return `'payload.severity' is invalid`
  if (timestamp !== undefined && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(timestamp))
    return `'payload.timestamp' is invalid`
  return null
}
