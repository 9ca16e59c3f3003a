// The words around what an incident says of itself, in both languages.

import type { Level } from '../level.ts'
import { shownTime } from '../shown-time.ts'
import type { Language, Texts } from '../texts.ts'
import type { Kind, Message } from './message.ts'

const LEVEL_WORDS: Readonly<Record<Level, Texts>> = {
  warning: { ko: '경고', en: 'Warning' },
  critical: { ko: '심각', en: 'Critical' },
  emergency: { ko: '비상', en: 'Emergency' },
}

const KIND_WORDS: Readonly<Record<Kind, Texts>> = {
  opened: { ko: '장애 발생', en: 'Opened' },
  updated: { ko: '상황 변경', en: 'Updated' },
  acknowledged: { ko: '담당자 확인', en: 'Acknowledged' },
  resolved: { ko: '장애 해소', en: 'Resolved' },
  escalated: { ko: '단계 격상', en: 'Escalated' },
  reminder: { ko: '미해결 알림', en: 'Still open' },
}

export const AGAIN: Texts = {
  ko: '재전송: 앞선 메시지의 도착 여부를 확인하지 못해 같은 내용을 다시 보냅니다.',
  en: 'Sent again: whether this message arrived the first time is unknown.',
}

export const WORDS = {
  time: { ko: '시각', en: 'Time' },
  incident: { ko: '장애 번호', en: 'Incident' },
  acknowledge: { ko: '확인 처리', en: 'Acknowledge' },
  resolve: { ko: '해소 처리', en: 'Resolve' },
  view: { ko: '자세히 보기', en: 'View the incident' },
  inCharge: { ko: '담당', en: 'In charge' },
  supplier: { ko: '협력 업체 연락처', en: 'Supplier to call' },
} as const satisfies Record<string, Texts>

export const levelWord = (level: Level, language: Language): string => LEVEL_WORDS[level][language]
export const kindWord = (kind: Kind, language: Language): string => KIND_WORDS[kind][language]

/** `[Critical] Opened: Redis does not answer` */
export const headline = ({ level, kind, title }: Message, language: Language): string =>
  `[${LEVEL_WORDS[level][language]}] ${KIND_WORDS[kind][language]}: ${title[language]}`

/** `2026-11-23 19:15:00 (Asia/Seoul)`. Epoch ms. */
export function timeText(at: number, timeZone: string): string {
  return `${shownTime(at, timeZone)} (${timeZone})`
}
