// The words of a report, in both languages.

import type { Kind } from '../diagnosis/causes.ts'
import type { Level } from '../level.ts'
import type { What } from '../recovery/run-playbook.ts'
import type { Language, Texts } from '../texts.ts'

export const words = {
  report: { en: 'Incident report', ko: '장애 보고서' },
  start: { en: 'Start', ko: '발생 일시' },
  end: { en: 'End', ko: '종료 일시' },
  duration: { en: 'Duration', ko: '지속 시간' },
  noticed: { en: 'Noticed after', ko: '감지까지 걸린 시간' },
  goesOn: { en: 'goes on', ko: '진행 중' },
  kind: { en: 'Kind', ko: '장애 유형' },
  grade: { en: 'Grade', ko: '장애 등급' },
  symptoms: { en: 'Symptoms', ko: '장애 현상' },
  services: { en: 'Services affected', ko: '영향 서비스' },
  impact: { en: 'Impact on customers', ko: '사용자 영향' },
  cause: { en: 'Cause', ko: '장애 원인' },
  evidence: { en: 'Evidence', ko: '근거' },
  confidence: { en: 'confidence', ko: '신뢰도' },
  response: { en: 'Response', ko: '대응 내용' },
  improvements: { en: 'Improvements proposed', ko: '개선 방안' },
  inCharge: { en: 'Person in charge', ko: '담당자' },
  date: { en: 'Date', ko: '작성일' },
  toFill: { en: '(to be filled in by a person)', ko: '(담당자 작성)' },
  unknown: { en: 'not known', ko: '확인되지 않음' },
  nothingDone: { en: 'Nothing was done by the system.', ko: '시스템이 수행한 조치가 없습니다.' },
  timeline: { en: 'Time line', ko: '시간대별 경과' },
  notCounted: { en: 'The numbers were not counted.', ko: '수치가 집계되지 않았습니다.' },
  acknowledged: { en: 'Acknowledged by', ko: '확인자' },
  yes: { en: 'yes', ko: '예' },
  no: { en: 'no', ko: '아니요' },
  nobody: { en: 'nobody', ko: '없음' },
} as const satisfies Record<string, Texts>

export const kinds: Readonly<Record<Kind, Texts>> = {
  system: { en: 'System', ko: '시스템' },
  network: { en: 'Network', ko: '네트워크' },
  database: { en: 'Database', ko: '데이터베이스' },
  application: { en: 'Application', ko: '애플리케이션' },
  security: { en: 'Security', ko: '보안' },
}

/** An emergency is a critical one, and named. */
export const grades: Readonly<Record<Level, Texts>> = {
  warning: { en: 'Warning', ko: 'Warning (경고)' },
  critical: { en: 'Critical', ko: 'Critical (심각)' },
  emergency: { en: 'Critical (Emergency)', ko: 'Critical (긴급, Emergency)' },
}

export const outcomes: Readonly<Record<What, Texts>> = {
  'true already': { en: 'well already', ko: '이미 정상' },
  'came by itself': { en: 'came by itself', ko: '자체 복구' },
  helped: { en: 'helped', ko: '조치 성공' },
  'not yet': { en: 'not yet', ko: '미복구' },
  'in vain': { en: 'did not help', ko: '효과 없음' },
  failed: { en: 'could not be done', ko: '수행 실패' },
  refused: { en: 'was not allowed', ko: '수행하지 않음' },
  'would do': { en: 'dry run', ko: '모의 실행' },
}

export const services: Readonly<Record<string, Texts>> = {
  redis: { en: 'cache, sessions, best-sellers, payment lock', ko: '캐시, 세션, 베스트셀러, 결제 락' },
  kafka: { en: 'coupon issue, events', ko: '쿠폰 발급, 이벤트 처리' },
  ledger: { en: 'all that sells', ko: '주문, 결제, 쿠폰, 포인트 등 판매 전체' },
  shop: { en: 'the shop', ko: '쇼핑몰' },
  host: { en: 'everything on this host', ko: '해당 호스트의 전체 서비스' },
  network: { en: 'everything that goes over it', ko: '해당 구간을 이용하는 전체 서비스' },
  operator: { en: 'the operator alone', ko: '운영 자동화 시스템' },
}

/** Minutes and seconds. */
export function shownDuration(ms: number, language: Language): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  const [minutes, rest] = [Math.floor(seconds / 60), seconds % 60]
  return language === 'ko' ? `${minutes}분 ${rest}초` : `${minutes} min ${rest} s`
}
