// The incident report (manual, F7), drafted from the time line: facts only, in a form from which each language is written. Pure.

import { type Cause, causes, type Kind } from '../diagnosis/causes.ts'
import type { Level } from '../level.ts'
import type { Unit } from '../monitoring/indicator.ts'
import { indicatorById } from '../monitoring/indicators.ts'
import { playbookById } from '../recovery/playbooks.ts'
import type { Texts } from '../texts.ts'
import type { Impact } from './impact.ts'
import type { Fact, StoredIncident } from './incident-store.ts'

export interface ReportSymptom {
  readonly id: string
  readonly name: Texts
  /** Epoch ms. */
  readonly since: number
  readonly value: number | null
  /** A number says more to whoever knows of what; null: nobody does. */
  readonly unit: Unit | null
}

export interface ReportStep {
  /** Epoch ms. */
  readonly at: number
  readonly what: Texts
  readonly outcome: string
  /** As it was said by what was asked. */
  readonly evidence: string
}

export interface Report {
  readonly number: number
  readonly title: Texts
  /** Epoch ms. */
  readonly start: number
  /** Null: it goes on. */
  readonly end: number | null
  readonly openedAt: number
  /** Null: nobody knows what it was. */
  readonly kind: Kind | null
  readonly level: Level
  readonly symptoms: readonly ReportSymptom[]
  /** Null: not known. */
  readonly cause: Cause | null
  /** From 0 to 1. */
  readonly confidence: number
  readonly impact: Impact | null
  readonly steps: readonly ReportStep[]
  readonly acknowledged: { readonly at: number; readonly who: string } | null
  readonly notes: readonly { readonly at: number; readonly who: string; readonly text: string }[]
  readonly improvements: readonly Texts[]
  /** The whole time line, for the appendix. */
  readonly facts: readonly Fact[]
}

interface Diagnosed {
  readonly confidence: number
  readonly symptoms: readonly { id: string; since: number; value: number | null }[]
}

export function draftReport(incident: StoredIncident, facts: readonly Fact[]): Report {
  const diagnosed = facts
    .filter(({ kind }) => kind === 'opened' || kind === 'changed')
    .map(({ fact }) => fact as unknown as Diagnosed)
  const cause = causes.find(({ id }) => id === incident.key) ?? null
  const symptoms = symptomsOf(diagnosed)
  const steps = stepsOf(facts)
  const notes = facts.filter(({ kind }) => kind === 'note')
  return {
    ...{ number: incident.number, level: incident.level, openedAt: incident.openedAt },
    title: cause?.name ?? symptoms[0]?.name ?? { en: incident.key, ko: incident.key },
    ...{ start: incident.since, end: incident.endedAt, kind: cause?.kind ?? null },
    ...{ symptoms, cause, confidence: diagnosed.at(-1)?.confidence ?? 0, steps },
    impact: (facts.findLast(({ kind }) => kind === 'impact')?.fact as unknown as Impact | undefined) ?? null,
    acknowledged:
      incident.acknowledgedAt === null
        ? null
        : { at: incident.acknowledgedAt, who: incident.acknowledgedBy ?? '' },
    notes: notes.map(({ at, fact }) => ({ at, who: String(fact.who), text: String(fact.text) })),
    improvements: improvementsOf(incident, cause, steps),
    facts,
  }
}

/** Each as it was seen first. */
function symptomsOf(diagnosed: readonly Diagnosed[]): ReportSymptom[] {
  const found = new Map<string, ReportSymptom>()
  for (const { symptoms } of diagnosed)
    for (const { id, since, value } of symptoms)
      if (!found.has(id)) found.set(id, symptomOf(id, since, value))
  return [...found.values()].sort((a, b) => a.since - b.since)
}

function symptomOf(id: string, since: number, value: number | null): ReportSymptom {
  const indicator = indicatorById.get(id)
  return { id, since, value, unit: indicator?.unit ?? null, name: indicator?.name ?? { en: id, ko: id } }
}

function stepsOf(facts: readonly Fact[]): ReportStep[] {
  return facts
    .filter(({ kind }) => kind === 'action')
    .map(({ at, fact }) => {
      const { playbook, step, what, evidence } = fact as Record<string, string>
      const found = playbookById.get(playbook!)?.steps.find(({ id }) => id === step)
      return { at, what: found?.what ?? { en: step!, ko: step! }, outcome: what!, evidence: evidence! }
    })
}

/** A fault that lasted longer than this was not noticed or mended in time, ms. */
const LONG_MS = 60_000
const NOTICED_LATE_MS = 15_000

/** What follows from what happened, by rule. */
function improvementsOf(
  incident: StoredIncident,
  cause: Cause | null,
  steps: readonly ReportStep[],
): Texts[] {
  const found: Texts[] = []
  const add = (en: string, ko: string) => found.push({ en, ko })
  if (cause === null)
    add(
      'Nobody knows the cause yet: find it, and add a row to the table of causes so that it is known the next time.',
      '원인이 아직 밝혀지지 않았습니다. 원인을 찾아 진단 표에 추가하여 다음에는 바로 식별되도록 합니다.',
    )
  if (steps.some(({ outcome }) => outcome === 'in vain' || outcome === 'failed'))
    add(
      'A step of the playbook did not help: correct it, and rehearse this failure until it does.',
      '복구 절차의 일부 단계가 효과가 없었습니다. 절차를 수정하고 동일 장애 훈련으로 검증합니다.',
    )
  if (steps.some(({ outcome }) => outcome === 'refused'))
    add(
      'The operator was not allowed to act, or had no lever: decide whether it should have one.',
      '운영 자동화가 조치 권한 또는 수단이 없어 중단되었습니다. 허용 여부를 결정합니다.',
    )
  if (steps.some(({ outcome }) => outcome === 'helped'))
    add(
      `${cause?.name.en ?? 'It'}: the remedy helped, what brought it about is not known by that. Read its log around the beginning.`,
      `${cause?.name.ko ?? '이번 장애'}: 조치는 효과가 있었으나 발생 원인은 별도로 확인해야 합니다. 발생 시각 전후 로그를 점검합니다.`,
    )
  if (incident.openedAt - incident.since > NOTICED_LATE_MS)
    add(
      'It was noticed late: look for an earlier sign, and give it a threshold.',
      '감지가 늦었습니다. 더 이른 징후를 찾아 임계값을 설정합니다.',
    )
  if (incident.endedAt !== null && incident.endedAt - incident.since > LONG_MS)
    add(
      'It lasted longer than a minute: rehearse it, and measure where the time goes.',
      '복구까지 1분 이상 걸렸습니다. 훈련을 통해 어느 단계에서 시간이 걸리는지 측정합니다.',
    )
  if (incident.acknowledgedAt === null && incident.level !== 'warning')
    add(
      'Nobody acknowledged it: check who is on call, and whether the message reached them.',
      '담당자 확인(Acknowledge)이 없었습니다. 당직자와 알림 수신 여부를 점검합니다.',
    )
  return found
}
