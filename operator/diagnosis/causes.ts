// What can be the matter, each in a row: what shows it, what it explains, and what is done. A symptom that no row explains is
// a cause of its own. Pure data; ids of symptoms are those of indicators.

import type { Level } from '../level.ts'
import type { Subject } from '../subject.ts'
import type { Texts } from '../texts.ts'

/** As the report names it (manual, F7). */
export type Kind = 'system' | 'network' | 'database' | 'application' | 'security'

export interface Cause {
  readonly id: string
  readonly name: Texts
  readonly subject: Subject
  readonly kind: Kind
  readonly level: Level
  /** One of these shows it. */
  readonly shownBy: readonly string[]
  /** These follow from it. */
  readonly explains: readonly string[]
  /** While these are bad it is less likely: something else would explain it as well. */
  readonly against: readonly string[]
  /** Id of the playbook. */
  readonly response: string
  /** What the shop's customers notice of it. */
  readonly impact: Texts
}

/** The deeper comes first: what stands on it fails with it. */
export const causes: readonly Cause[] = [
  {
    id: 'host-disk',
    name: { en: 'A disk of the host is full', ko: '호스트 디스크 용량 부족' },
    ...{ subject: 'host', kind: 'system', level: 'critical' },
    shownBy: ['D7'],
    explains: ['ledger-up', 'D3', 'D9', 'D10', 'D11', 'A3', 'kafka-up'],
    against: [],
    response: 'host-disk',
    impact: {
      en: 'What has to be written may soon be refused.',
      ko: '저장이 필요한 요청이 곧 거절될 수 있습니다.',
    },
  },
  {
    id: 'host-memory',
    name: { en: 'The host is short of memory', ko: '호스트 메모리 부족' },
    ...{ subject: 'host', kind: 'system', level: 'critical' },
    shownBy: ['D6'],
    explains: ['A1'],
    against: [],
    response: 'host-memory',
    impact: {
      en: 'Processes may be ended by the system.',
      ko: '운영체제가 프로세스를 강제 종료할 수 있습니다.',
    },
  },
  {
    id: 'ledger-down',
    name: {
      en: 'The primary of the ledger (MySQL) does not answer or takes no writes',
      ko: '원장 DB(MySQL) 프라이머리 무응답 또는 쓰기 불가',
    },
    ...{ subject: 'ledger', kind: 'database', level: 'emergency' },
    shownBy: ['ledger-up'],
    explains: [
      'D3',
      'D9',
      'D10',
      'D11',
      'D12',
      'A1',
      'A3',
      'B2',
      'B2-pool',
      'B3',
      'I3',
      'I5',
      'D8',
      'D1',
      'B1',
      'shop-up',
      'D4',
    ],
    against: [],
    response: 'ledger-down',
    impact: {
      en: 'No sale is possible; the shop is read-only and says so.',
      ko: '판매가 불가능합니다. 쇼핑몰은 읽기 전용으로 전환되어 안내 중입니다.',
    },
  },
  {
    id: 'ledger-blocker',
    name: {
      en: 'Somebody holds locks in the ledger and others wait for them',
      ko: '원장 DB 락 점유로 인한 대기',
    },
    ...{ subject: 'ledger', kind: 'database', level: 'critical' },
    shownBy: ['D3'],
    explains: ['D9', 'D10', 'D11', 'A1', 'A3', 'B2-pool', 'I5', 'B1', 'D1'],
    against: [],
    response: 'ledger-blocker',
    impact: {
      en: 'Orders of the rows concerned wait and then fail cleanly.',
      ko: '해당 상품의 주문이 대기 후 정상적으로 실패 처리됩니다.',
    },
  },
  {
    id: 'ledger-connections',
    name: { en: 'The ledger is running out of connections', ko: '원장 DB 커넥션 고갈' },
    ...{ subject: 'ledger', kind: 'database', level: 'critical' },
    shownBy: ['I5'],
    explains: ['A1', 'A3', 'B2-pool', 'D9', 'D10', 'D11'],
    against: ['D3'],
    response: 'ledger-connections',
    impact: {
      en: 'New requests may wait and then be refused.',
      ko: '신규 요청이 대기 후 거절될 수 있습니다.',
    },
  },
  {
    id: 'redis-down',
    name: { en: 'Redis does not answer', ko: 'Redis 무응답' },
    ...{ subject: 'redis', kind: 'system', level: 'critical' },
    shownBy: ['redis-up'],
    explains: ['D2', 'D4', 'D12', 'D8', 'A1', 'B3-evictions'],
    against: [],
    response: 'redis-down',
    impact: {
      en: 'Sales go on from the database; some pages are slower.',
      ko: '판매는 DB를 통해 계속됩니다. 일부 페이지가 느려질 수 있습니다.',
    },
  },
  {
    id: 'redis-memory',
    name: { en: 'Redis is running out of memory', ko: 'Redis 메모리 부족' },
    ...{ subject: 'redis', kind: 'system', level: 'critical' },
    shownBy: ['D2', 'B3-evictions'],
    explains: ['D4', 'D12'],
    against: [],
    response: 'redis-memory',
    impact: {
      en: 'Sales go on; caches may be emptier than usual.',
      ko: '판매는 계속됩니다. 캐시 효율이 떨어질 수 있습니다.',
    },
  },
  {
    id: 'kafka-down',
    name: { en: 'Kafka does not answer', ko: 'Kafka 무응답' },
    ...{ subject: 'kafka', kind: 'system', level: 'critical' },
    shownBy: ['kafka-up'],
    explains: ['D1', 'B1', 'B3', 'D8', 'I4'],
    against: [],
    response: 'kafka-down',
    impact: {
      en: 'Coupons go on without Kafka; claims accepted before wait for it.',
      ko: '쿠폰 발급은 Kafka 없이 계속됩니다. 이미 접수된 신청은 Kafka 복구 후 처리됩니다.',
    },
  },
  {
    id: 'kafka-replicas',
    name: {
      en: 'Kafka partitions have fewer in-sync replicas than they need',
      ko: 'Kafka 파티션 최소 동기화 복제본 미달',
    },
    ...{ subject: 'kafka', kind: 'system', level: 'critical' },
    shownBy: ['I4'],
    explains: ['D1', 'B1', 'B3'],
    against: [],
    response: 'kafka-replicas',
    impact: {
      en: 'Kafka takes no messages there; the shop goes on without it.',
      ko: '해당 파티션에 메시지를 쓸 수 없습니다. 쇼핑몰은 Kafka 없이 계속 운영됩니다.',
    },
  },
  {
    id: 'kafka-lag',
    name: { en: 'Consumers of Kafka are behind', ko: 'Kafka 컨슈머 처리 지연' },
    ...{ subject: 'kafka', kind: 'application', level: 'warning' },
    shownBy: ['D1', 'B1'],
    explains: ['B3'],
    against: ['kafka-up', 'ledger-up', 'D3'],
    response: 'kafka-lag',
    impact: {
      en: 'Coupon decisions and points come later than usual.',
      ko: '쿠폰 발급 결과와 포인트 적립이 평소보다 늦어집니다.',
    },
  },
  {
    id: 'shop-down',
    name: { en: 'A process of the shop does not answer', ko: '쇼핑몰 프로세스 무응답' },
    ...{ subject: 'shop', kind: 'application', level: 'critical' },
    shownBy: ['shop-up'],
    explains: ['A1', 'A3', 'D9', 'D10', 'D11', 'D12', 'B2-pool', 'D1', 'B1', 'B3'],
    against: [],
    response: 'shop-down',
    impact: {
      en: 'Requests of this process are lost until another one takes them.',
      ko: '해당 프로세스의 요청은 다른 프로세스가 넘겨받을 때까지 처리되지 않습니다.',
    },
  },
  {
    id: 'network-slow',
    name: { en: 'The network is slow', ko: '네트워크 지연' },
    ...{ subject: 'network', kind: 'network', level: 'warning' },
    shownBy: ['D8'],
    explains: ['A1', 'B1', 'D1', 'B2-pool'],
    against: ['redis-up', 'kafka-up', 'ledger-up', 'D5'],
    response: 'network-review',
    impact: { en: 'Answers are slower than usual.', ko: '응답이 평소보다 느립니다.' },
  },
  {
    id: 'host-cpu',
    name: { en: 'The host is short of CPU', ko: '호스트 CPU 부족' },
    ...{ subject: 'host', kind: 'system', level: 'warning' },
    shownBy: ['D5'],
    explains: ['A1', 'D8', 'B2-pool', 'D1', 'B1', 'B3'],
    against: [],
    response: 'capacity-review',
    impact: { en: 'Answers are slower than usual.', ko: '응답이 평소보다 느립니다.' },
  },
]
