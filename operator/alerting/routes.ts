// Which channel carries what (manual, E1–E3 and E5), and which one stands in when it cannot. Pure.

import type { Level } from '../level.ts'
import type { Kind } from './message.ts'

export type ChannelName = 'slack' | 'pagerduty' | 'sms' | 'call' | 'email' | 'webhook'
export const CHANNELS: readonly ChannelName[] = ['slack', 'pagerduty', 'sms', 'call', 'email', 'webhook']

/** What the manual also routes by (E5). */
export type Family =
  | 'response-time'
  | 'throughput'
  | 'error-rate'
  | 'concurrent-users'
  | 'cpu'
  | 'memory'
  | 'disk-io'
  | 'traffic'
  | 'coupon'
  | 'order'
  | 'payment'
  | 'best-seller'

export const BY_FAMILY: Readonly<Record<Family, ChannelName>> = {
  'response-time': 'pagerduty',
  throughput: 'pagerduty',
  'error-rate': 'slack',
  'concurrent-users': 'slack',
  cpu: 'email',
  memory: 'email',
  'disk-io': 'sms',
  traffic: 'sms',
  coupon: 'pagerduty',
  order: 'slack',
  payment: 'email',
  'best-seller': 'sms',
}

/** An emergency adds to what a critical one uses: what was opened there is also closed there. */
export const BY_LEVEL: Readonly<Record<Level, readonly ChannelName[]>> = {
  warning: ['slack'],
  critical: ['pagerduty', 'sms'],
  emergency: ['pagerduty', 'sms', 'call', 'email'],
}

export interface RouteSettings {
  /** E5; off unless somebody turns it on. Emergencies keep the channels of their level. */
  readonly byFamily: boolean
  readonly families?: Partial<Readonly<Record<Family, ChannelName>>>
  /** Told of everything besides, such as a webhook to another system. */
  readonly always?: readonly ChannelName[]
}

/** Everyone at once: one telling, however many read it. */
export const SHARED: ReadonlySet<ChannelName> = new Set<ChannelName>(['slack', 'pagerduty', 'webhook'])

/** Read by machines that group by themselves, and that have to hear of each incident's end. */
export const BY_MACHINE: ReadonlySet<ChannelName> = new Set<ChannelName>(['pagerduty', 'webhook'])

/** Channels of one incident, by its level and the family of what it was noticed by. */
export function channelsFor(level: Level, family: Family | null, settings: RouteSettings): ChannelName[] {
  const { byFamily, families, always = [] } = settings
  const own = byFamily && family !== null ? (families?.[family] ?? BY_FAMILY[family]) : null
  const levels = BY_LEVEL[level]
  const chosen = own === null ? levels : level === 'emergency' ? [own, ...levels] : [own]
  return [...new Set([...chosen, ...always])]
}

const ALL: readonly Kind[] = ['opened', 'updated', 'acknowledged', 'resolved', 'escalated', 'reminder']
/** What is worth a telephone's noise: not that somebody else has read it, and no change of a number. */
const CARRIES: Readonly<Record<ChannelName, readonly Kind[]>> = {
  slack: ALL,
  pagerduty: ALL,
  webhook: ALL,
  email: ALL,
  sms: ['opened', 'escalated', 'reminder', 'resolved'],
  call: ['opened', 'escalated', 'reminder'],
}

export const carries = (channel: ChannelName, kind: Kind): boolean => CARRIES[channel].includes(kind)

/** Who stands in, best first. A page that does not come through wakes somebody in another way. */
const INSTEAD: Readonly<Record<ChannelName, readonly ChannelName[]>> = {
  slack: ['email', 'sms', 'pagerduty'],
  pagerduty: ['sms', 'call', 'slack', 'email'],
  sms: ['call', 'pagerduty', 'email', 'slack'],
  call: ['sms', 'pagerduty', 'email', 'slack'],
  email: ['slack', 'sms', 'pagerduty'],
  // Its reader is a machine that asks for what it missed; people are told by the others.
  webhook: [],
}

/** Channels that could carry it in place of this one, best first. */
export function standIns(
  from: ChannelName,
  kind: Kind,
  configured: ReadonlySet<ChannelName>,
): readonly ChannelName[] {
  return INSTEAD[from].filter(channel => configured.has(channel) && carries(channel, kind))
}

/** The same channels as far as they are set up; for each that is not, the best one that is. */
export function onlyConfigured(
  channels: readonly ChannelName[],
  configured: ReadonlySet<ChannelName>,
): ChannelName[] {
  const found = channels.map(channel =>
    configured.has(channel) ? channel : INSTEAD[channel].find(other => configured.has(other)),
  )
  return [...new Set(found.filter(channel => channel !== undefined))]
}
