// What Alertmanager's webhook sends (version 4), as symptoms that others have seen. Nobody but the operator's own watch decides on
// acting: a symptom from outside is evidence, with its name and its source.

import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Level } from '../level.ts'
import { clip } from './clip.ts'
import { problemsOf } from './schema-problems.ts'

/** Alerts in one call: Alertmanager groups by name and service; with `max_alerts` it sends the rest as a count. */
const ALERTS_MOST = 500
/** Labels or annotations of one alert. */
const LABELS_MOST = 64
/** Characters of a label, an annotation or a URL that are kept. */
const VALUE_MOST = 1_000

const Labels = Type.Record(Type.String(), Type.String())
const Payload = Type.Object({
  version: Type.Literal('4'),
  groupKey: Type.String(),
  truncatedAlerts: Type.Optional(Type.Integer({ minimum: 0 })),
  status: Type.Union([Type.Literal('firing'), Type.Literal('resolved')]),
  receiver: Type.String(),
  externalURL: Type.Optional(Type.String()),
  alerts: Type.Array(
    Type.Object({
      status: Type.Union([Type.Literal('firing'), Type.Literal('resolved')]),
      labels: Labels,
      annotations: Labels,
      startsAt: Type.String(),
      endsAt: Type.Optional(Type.String()),
      generatorURL: Type.Optional(Type.String()),
      fingerprint: Type.String({ pattern: '^[0-9a-f]{1,32}$' }),
    }),
    { maxItems: ALERTS_MOST },
  ),
})
const checker = Compile(Payload)

export interface ExternalSymptom {
  /** Alertmanager's own of this set of labels: the same while it lasts, and when it ends. */
  readonly id: string
  readonly name: string
  readonly state: 'firing' | 'resolved'
  /** From its label `severity`; what says nothing that we know is a warning. */
  readonly level: Level
  readonly summary: string
  readonly labels: Readonly<Record<string, string>>
  /** Epoch ms. */
  readonly startedAt: number
  /** Epoch ms; null: it lasts. */
  readonly endedAt: number | null
  /** Where it was made, to look at; null: not told. Only `http:` and `https:`. */
  readonly source: string | null
}

export type AlertmanagerRead =
  /** `left`: how many more there are that were not sent. */
  | { readonly ok: true; readonly symptoms: readonly ExternalSymptom[]; readonly left: number }
  | { readonly ok: false; readonly problems: readonly string[] }

/** `body`: of the call, parsed. */
export function readAlertmanager(body: unknown): AlertmanagerRead {
  if (!checker.Check(body)) return { ok: false, problems: problemsOf(checker.Errors(body)) }
  const problems: string[] = []
  const symptoms: ExternalSymptom[] = []
  for (const [index, alert] of body.alerts.entries()) {
    const startedAt = Date.parse(alert.startsAt)
    if (Number.isNaN(startedAt)) problems.push(`/alerts/${index}/startsAt: is no time`)
    else if (Object.keys(alert.labels).length > LABELS_MOST)
      problems.push(`/alerts/${index}/labels: has more than ${LABELS_MOST}`)
    else symptoms.push(symptomOf(alert, startedAt))
  }
  if (problems.length > 0) return { ok: false, problems }
  return { ok: true, symptoms, left: body.truncatedAlerts ?? 0 }
}

type Alert = Static<typeof Payload>['alerts'][number]

function symptomOf(alert: Alert, startedAt: number): ExternalSymptom {
  const { status, labels, annotations, endsAt, generatorURL, fingerprint } = alert
  const name = labels.alertname ?? fingerprint
  const ended = status === 'resolved' ? Date.parse(endsAt ?? '') : Number.NaN
  return {
    id: fingerprint,
    name: clip(name, VALUE_MOST),
    state: status,
    level: levelOf(labels.severity),
    summary: clip(annotations.summary ?? annotations.description ?? name, VALUE_MOST),
    // `fromEntries` makes own fields whatever their names.
    labels: Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, clip(value, VALUE_MOST)])),
    startedAt,
    // Resolved without a time that can be read: it ended when it was told, and that is not ours to invent.
    endedAt: Number.isNaN(ended) ? null : ended,
    source: /^https?:\/\//.test(generatorURL ?? '') ? clip(generatorURL ?? '', VALUE_MOST) : null,
  }
}

const CRITICAL = new Set(['critical', 'page', 'error', 'high'])
const EMERGENCY = new Set(['emergency', 'fatal', 'disaster'])

function levelOf(severity = ''): Level {
  const word = severity.toLowerCase()
  return EMERGENCY.has(word) ? 'emergency' : CRITICAL.has(word) ? 'critical' : 'warning'
}
