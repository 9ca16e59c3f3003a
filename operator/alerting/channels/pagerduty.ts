// PagerDuty, Events API v2. The key of the incident is its `dedup_key`: a repeat changes nothing there.

import { hash } from 'node:crypto'
import type { Level } from '../../level.ts'
import { clip } from '../clip.ts'
import type { Kind } from '../message.ts'
import { headline } from '../words.ts'
import { CALL_MS, callService } from './call-service.ts'
import type { Channel, Telling } from './channel.ts'
import type { Secret } from './secret.ts'

/** PagerDuty's own bounds, characters. */
const DEDUP_MOST = 255
const SUMMARY_MOST = 1_024

export interface PagerdutySettings {
  readonly routingKey: Secret
  /** `https://events.pagerduty.com`; Europe has one of its own. */
  readonly baseUrl: string
  /** What the event is from, such as the name of the shop. */
  readonly source: string
  readonly clock: () => number
  /** Longest time for one call, ms. */
  readonly most?: number
}

type Action = 'trigger' | 'acknowledge' | 'resolve'
/** A trigger with the key of an open incident changes that one. */
const ACTIONS: Readonly<Record<Kind, Action>> = {
  opened: 'trigger',
  updated: 'trigger',
  escalated: 'trigger',
  reminder: 'trigger',
  acknowledged: 'acknowledge',
  resolved: 'resolve',
}
const SEVERITIES: Readonly<Record<Level, string>> = {
  warning: 'warning',
  critical: 'critical',
  emergency: 'critical',
}

export function createPagerduty(settings: PagerdutySettings): Channel {
  const { routingKey, baseUrl, source, clock, most = CALL_MS } = settings
  const url = new URL('/v2/enqueue', baseUrl)
  const headers = { 'content-type': 'application/json', accept: 'application/json' }
  return {
    name: 'pagerduty',
    deliver(telling, { language }, signal) {
      const body = JSON.stringify({
        routing_key: routingKey.reveal(),
        event_action: ACTIONS[telling.kind],
        dedup_key: dedupKey(telling.key),
        payload: payloadOf(telling, language, source),
        client: source,
        links: telling.links.map(({ url: href, label }) => ({ href, text: label[language] })),
      })
      return callService({ url, headers, body, signal, most, clock, secrets: [routingKey] })
    },
  }
}

function payloadOf(telling: Telling, language: 'ko' | 'en', source: string) {
  const { level, area, text, facts, at, id, kind } = telling
  return {
    summary: clip(headline(telling, language), SUMMARY_MOST),
    source,
    severity: SEVERITIES[level],
    timestamp: new Date(at).toISOString(),
    class: area,
    custom_details: {
      text: text[language],
      level,
      kind,
      message: id,
      ...Object.fromEntries(facts.map(({ label, value }) => [label[language], value[language]])),
    },
  }
}

/** Longer keys become their digest: the same one each time, and no other's. */
export const dedupKey = (key: string): string =>
  key.length <= DEDUP_MOST ? key : `sha256:${hash('sha256', key, 'hex')}`
