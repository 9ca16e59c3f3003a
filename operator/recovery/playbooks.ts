// The playbooks, by id: the responses of part D, the flows of part C and the recoveries F1–F4 of the manual.

import type { Playbook, Step } from './playbook.ts'

const S = 1_000

const REBUILT: Step = {
  id: 'compare-ranking',
  what: {
    en: 'The ranking in Redis is what the ledger counts; else it is built anew',
    ko: 'Redis 랭킹을 원장과 대조하고, 다르면 다시 구축합니다',
  },
  act: 'rebuild-ranking',
  on: 'redis',
  check: 'ranking-is-right',
  limit: 30 * S,
  otherwise: 'escalate',
}

const BOOKS: Step = {
  id: 'verify-books',
  what: { en: 'The books balance', ko: '장부 정합성을 검증합니다' },
  act: null,
  on: 'ledger',
  check: 'books-balance',
  limit: 60 * S,
  otherwise: 'escalate',
}

const SHOP_BACK: Step = {
  id: 'shop-answers',
  what: { en: 'The shop answers', ko: '쇼핑몰이 정상 응답하는지 확인합니다' },
  act: null,
  on: 'shop',
  check: 'shop-answers',
  limit: 30 * S,
  otherwise: 'escalate',
}

export const playbooks: readonly Playbook[] = [
  {
    id: 'redis-down',
    name: { en: 'Bring Redis back', ko: 'Redis 복구' },
    steps: [
      {
        id: 'ping',
        what: {
          en: 'Redis answers again by itself',
          ko: 'Redis가 스스로 복구되는지 잠시 확인합니다',
        },
        ...{ act: null, on: 'redis', check: 'redis-answers', limit: 1 * S, otherwise: 'next' },
      },
      {
        id: 'restart',
        what: { en: 'Redis is started again', ko: 'Redis를 재시작합니다' },
        ...{
          act: 'restart-redis',
          on: 'redis',
          check: 'redis-answers',
          limit: 20 * S,
          otherwise: 'escalate',
        },
      },
      REBUILT,
    ],
  },
  {
    id: 'redis-memory',
    name: { en: 'Free memory of Redis', ko: 'Redis 메모리 확보' },
    steps: [
      {
        id: 'trim',
        what: {
          en: 'Derived keys are trimmed by name, in bounded steps',
          ko: '파생 데이터(캐시, 지난 랭킹)를 이름 기준으로 조금씩 정리합니다',
        },
        ...{ act: 'trim-redis', on: 'redis', check: 'redis-has-memory', limit: 20 * S, otherwise: 'next' },
      },
      {
        id: 'raise',
        what: {
          en: 'Its limit is raised, as far as the host has memory',
          ko: '호스트 여유 메모리 범위에서 Redis 메모리 한도를 올립니다',
        },
        ...{ act: 'raise-redis-memory', on: 'redis', check: 'redis-has-memory', limit: 10 * S },
        otherwise: 'escalate',
      },
    ],
  },
  {
    id: 'kafka-down',
    name: { en: 'Bring Kafka back', ko: 'Kafka 복구' },
    steps: [
      {
        id: 'describe',
        what: {
          en: 'Kafka answers again by itself',
          ko: 'Kafka가 스스로 복구되는지 잠시 확인합니다',
        },
        ...{ act: null, on: 'kafka', check: 'kafka-answers', limit: 2 * S, otherwise: 'next' },
      },
      {
        id: 'restart',
        what: { en: 'The broker is started again', ko: 'Kafka 브로커를 재시작합니다' },
        ...{
          act: 'restart-kafka',
          on: 'kafka',
          check: 'kafka-answers',
          limit: 45 * S,
          otherwise: 'escalate',
        },
      },
      {
        id: 'caught-up',
        what: { en: 'Its consumers have caught up', ko: '컨슈머가 밀린 메시지를 모두 처리했는지 확인합니다' },
        ...{ act: null, on: 'kafka', check: 'kafka-caught-up', limit: 120 * S, otherwise: 'escalate' },
      },
    ],
  },
  {
    id: 'ledger-down',
    name: { en: 'Bring the ledger back', ko: '원장 DB 복구' },
    steps: [
      {
        id: 'ping',
        what: {
          en: 'The ledger answers again by itself',
          ko: '원장 DB가 스스로 복구되는지 잠시 확인합니다',
        },
        ...{ act: null, on: 'ledger', check: 'ledger-answers', limit: 1 * S, otherwise: 'next' },
      },
      {
        id: 'restart',
        what: { en: 'The server is started again', ko: 'DB 서버를 재시작합니다' },
        ...{ act: 'restart-ledger', on: 'ledger', check: 'ledger-answers', limit: 60 * S },
        otherwise: 'escalate',
      },
      SHOP_BACK,
      BOOKS,
    ],
  },
  {
    id: 'ledger-blocker',
    name: { en: 'End who holds up the ledger', ko: '락 점유 세션 종료' },
    steps: [
      {
        id: 'end',
        what: {
          en: 'A connection that is idle and blocks others is ended',
          ko: '유휴 상태로 다른 작업을 막고 있는 세션을 종료합니다',
        },
        ...{
          act: 'end-blocker',
          on: 'ledger',
          check: 'ledger-not-blocked',
          limit: 10 * S,
          otherwise: 'escalate',
        },
      },
    ],
  },
  {
    id: 'host-disk',
    name: { en: 'Free disk', ko: '디스크 공간 확보' },
    steps: [
      {
        id: 'purge',
        what: {
          en: 'Binary logs below every replica’s position are purged',
          ko: '모든 복제 서버가 이미 읽은 바이너리 로그를 정리합니다',
        },
        ...{
          act: 'purge-binary-logs',
          on: 'host',
          check: 'disk-has-room',
          limit: 20 * S,
          otherwise: 'escalate',
        },
      },
    ],
  },
  {
    id: 'shop-down',
    name: { en: 'Bring the process of the shop back', ko: '쇼핑몰 프로세스 복구' },
    steps: [
      {
        id: 'restart',
        what: { en: 'It is drained and started again', ko: '처리 중인 요청을 마무리한 뒤 재시작합니다' },
        ...{ act: 'restart-shop', on: 'shop', check: 'shop-answers', limit: 60 * S, otherwise: 'escalate' },
      },
    ],
  },
]

export const playbookById: ReadonlyMap<string, Playbook> = new Map(playbooks.map(each => [each.id, each]))
