// Where the values of indicators come from: the few shapes that most rows share.

import type { Indicator } from './indicator.ts'
import type { Selector } from './samples.ts'

type Part = Pick<Indicator, 'source' | 'window' | 'least' | 'bad'>

export const S = 1_000
export const MIN = 60 * S

/** Of answers, those that are failures: a refusal that is the right answer (sold out, declined, too few points) is none. */
export const FAILED = /5../

export const answers = (http_route: string, method: string, failed: boolean): Selector => ({
  name: 'http_server_request_duration_seconds_count',
  labels: {
    ...{ http_request_method: method, http_route },
    ...(failed ? { http_response_status_code: FAILED } : {}),
  },
})

/** Failures of one operation in a minute, from twenty of them on. */
export const failures = (
  route: string,
  method = 'POST',
): Part & Pick<Indicator, 'unit' | 'family' | 'subject'> => ({
  source: { kind: 'ratio', part: answers(route, method, true), of: answers(route, method, false) },
  window: MIN,
  least: 20,
  bad: 'high',
  unit: 'ratio',
  family: 'business',
  subject: 'shop',
})

/** How many a second in a minute. */
export const rateOf = (of: Selector): Part & Pick<Indicator, 'unit' | 'alarm'> => ({
  source: { kind: 'rate', of },
  window: MIN,
  least: 2,
  bad: 'low',
  unit: 'per second',
  alarm: null,
})

/** The latest value of ten seconds. */
export const now = (name: string, labels: Selector['labels'] = {}): Part => ({
  source: { kind: 'gauge', of: { name, labels } },
  window: 10 * S,
  least: 1,
  bad: 'high',
})

/** The latest answer of five seconds: it is asked twice a second. */
export const up = (name: string, labels: Selector['labels'] = {}): Part & Pick<Indicator, 'unit'> => ({
  source: { kind: 'gauge', of: { name, labels } },
  window: 5 * S,
  least: 1,
  bad: 'low',
  unit: 'yes or no',
})
