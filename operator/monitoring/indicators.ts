// All indicators, each in a row: D1–D12 of the manual, the rest of its part D, one for each bottleneck B1–B3, and what a dead
// engine shows at once. The evaluator, the Prometheus rules and docs/indicators.md are made of this table.

import type { Alarm, Indicator } from './indicator.ts'
import { answers, FAILED, failures, MIN, now, rateOf, S, up } from './sources.ts'

const manual = (alarm: Omit<Alarm, 'by'>): Alarm => ({ ...alarm, by: 'manual' })
const ours = (alarm: Omit<Alarm, 'by'>): Alarm => ({ ...alarm, by: 'ours' })

const DATABASE = 'database administrator'
const SYSTEM = 'system administrator'
const DEVELOPMENT = 'development lead'

export const indicators = [
  {
    id: 'D1',
    name: { en: 'Kafka consumer lag', ko: 'Kafka 컨슈머 지연' },
    ...now('levee_kafka_group_lag_messages'),
    ...{ subject: 'kafka', family: 'infrastructure', unit: 'messages' },
    alarm: manual({
      ...{ enter: 1_000, leave: 500, stay: 5 * S, calm: 10 * S },
      ...{ level: 'warning', response: 'kafka-lag', who: DEVELOPMENT },
    }),
  },
  {
    id: 'D2',
    name: { en: 'Redis memory', ko: 'Redis 메모리' },
    ...now('levee_redis_memory_used_ratio'),
    ...{ subject: 'redis', family: 'infrastructure', unit: 'ratio' },
    alarm: manual({
      ...{ enter: 0.85, leave: 0.8, stay: 3 * S, calm: 10 * S },
      ...{ level: 'critical', response: 'redis-memory', who: SYSTEM },
    }),
  },
  {
    id: 'D3',
    name: { en: 'Database lock wait', ko: 'DB 락 대기' },
    ...now('levee_ledger_lock_wait_seconds'),
    ...{ subject: 'ledger', family: 'infrastructure', unit: 'seconds' },
    alarm: manual({
      ...{ enter: 5, leave: 1, stay: 0, calm: 10 * S },
      ...{ level: 'critical', response: 'ledger-blocker', who: DATABASE },
    }),
  },
  {
    id: 'D4',
    name: { en: 'Cache hit ratio', ko: '캐시 적중률' },
    source: {
      kind: 'ratio',
      part: { name: 'levee_cache_reads_total', labels: { outcome: /hit|stale/ } },
      // What the first tier does not have is asked of the second, which counts it too.
      of: { name: 'levee_cache_reads_total', labels: { tier: 'local' } },
    },
    ...{ window: MIN, least: 200, bad: 'low', subject: 'redis', family: 'infrastructure', unit: 'ratio' },
    alarm: manual({
      ...{ enter: 0.8, leave: 0.85, stay: 30 * S, calm: 30 * S },
      ...{ level: 'warning', response: 'cache-review', who: DEVELOPMENT },
    }),
  },
  {
    id: 'D5',
    name: { en: 'CPU', ko: 'CPU' },
    source: { kind: 'gauge', of: { name: 'levee_host_cpu_busy_ratio' }, over: 'mean' },
    ...{ window: 30 * S, least: 5, bad: 'high', subject: 'host', family: 'infrastructure', unit: 'ratio' },
    alarm: manual({
      ...{ enter: 0.8, leave: 0.7, stay: 30 * S, calm: 30 * S },
      ...{ level: 'warning', response: 'capacity-review', who: SYSTEM },
    }),
  },
  {
    id: 'D6',
    name: { en: 'Memory', ko: '메모리' },
    ...now('levee_host_memory_used_ratio'),
    ...{ subject: 'host', family: 'infrastructure', unit: 'ratio' },
    alarm: manual({
      ...{ enter: 0.85, leave: 0.8, stay: 10 * S, calm: 30 * S },
      ...{ level: 'critical', response: 'host-memory', who: SYSTEM },
    }),
  },
  {
    id: 'D7',
    name: { en: 'Disk', ko: '디스크' },
    ...now('levee_host_disk_used_ratio'),
    ...{ subject: 'host', family: 'infrastructure', unit: 'ratio' },
    alarm: manual({
      ...{ enter: 0.9, leave: 0.85, stay: 10 * S, calm: 30 * S },
      ...{ level: 'critical', response: 'host-disk', who: SYSTEM },
    }),
  },
  {
    id: 'D8',
    name: { en: 'Network latency', ko: '네트워크 지연' },
    // The quickest of the window: one slow answer is an engine that was busy, ten are the way to it.
    source: { kind: 'gauge', of: { name: 'levee_round_trip_seconds' }, over: 'min' },
    ...{ window: 10 * S, least: 5, bad: 'high', subject: 'host', family: 'infrastructure', unit: 'seconds' },
    alarm: manual({
      ...{ enter: 0.1, leave: 0.05, stay: 3 * S, calm: 10 * S },
      ...{ level: 'warning', response: 'network-review', who: SYSTEM },
    }),
  },
  {
    id: 'D9',
    name: { en: 'Coupon issue failures', ko: '쿠폰 발급 실패율' },
    ...failures('/v1/coupons/:couponId/claims'),
    alarm: manual({
      ...{ enter: 0.1, leave: 0.05, stay: 5 * S, calm: 30 * S },
      ...{ level: 'critical', response: 'check-coupons', who: DEVELOPMENT },
    }),
  },
  {
    id: 'D10',
    name: { en: 'Order failures', ko: '주문 실패율' },
    ...failures('/v1/orders'),
    alarm: manual({
      ...{ enter: 0.05, leave: 0.02, stay: 5 * S, calm: 30 * S },
      ...{ level: 'critical', response: 'check-orders', who: DEVELOPMENT },
    }),
  },
  {
    id: 'D11',
    name: { en: 'Payment failures', ko: '결제 실패율' },
    ...failures('/v1/orders/:orderId/payments'),
    alarm: manual({
      ...{ enter: 0.03, leave: 0.01, stay: 5 * S, calm: 30 * S },
      ...{ level: 'critical', response: 'check-payments', who: DEVELOPMENT },
    }),
  },
  {
    id: 'D12',
    name: { en: 'Best-seller failures', ko: '베스트셀러 조회 실패율' },
    ...failures('/v1/bestsellers', 'GET'),
    alarm: manual({
      ...{ enter: 0.15, leave: 0.05, stay: 5 * S, calm: 30 * S },
      ...{ level: 'warning', response: 'cache-review', who: DEVELOPMENT },
    }),
  },
  {
    id: 'redis-up',
    name: { en: 'Redis answering', ko: 'Redis 응답 여부' },
    ...up('levee_engine_up', { engine: 'redis' }),
    ...{ subject: 'redis', family: 'infrastructure' },
    alarm: ours({
      ...{ enter: 0.5, leave: 0.5, stay: 0.5 * S, calm: 3 * S },
      ...{ level: 'critical', response: 'redis-down', who: SYSTEM },
    }),
  },
  {
    id: 'kafka-up',
    name: { en: 'Kafka answering', ko: 'Kafka 응답 여부' },
    ...up('levee_engine_up', { engine: 'kafka' }),
    ...{ subject: 'kafka', family: 'infrastructure' },
    alarm: ours({
      ...{ enter: 0.5, leave: 0.5, stay: 0.5 * S, calm: 3 * S },
      ...{ level: 'critical', response: 'kafka-down', who: SYSTEM },
    }),
  },
  {
    id: 'ledger-up',
    name: {
      en: 'The primary of the ledger taking writes',
      ko: '원장 DB 프라이머리 쓰기 가능 여부',
    },
    ...up('levee_engine_up', { engine: 'ledger' }),
    ...{ subject: 'ledger', family: 'infrastructure' },
    alarm: ours({
      ...{ enter: 0.5, leave: 0.5, stay: 0.5 * S, calm: 3 * S },
      // No sale is possible without it.
      ...{ level: 'emergency', response: 'ledger-down', who: DATABASE },
    }),
  },
  {
    id: 'shop-up',
    name: { en: 'Each process of the shop answering', ko: '쇼핑몰 프로세스 응답 여부' },
    ...up('levee_shop_up'),
    ...{ subject: 'shop', family: 'application' },
    alarm: ours({
      // A restart takes two seconds.
      ...{ enter: 0.5, leave: 0.5, stay: 8 * S, calm: 3 * S },
      ...{ level: 'critical', response: 'shop-down', who: DEVELOPMENT },
    }),
  },
  {
    id: 'blind',
    name: { en: 'Each collector seeing something', ko: '수집기 정상 여부' },
    ...up('levee_collector_up'),
    ...{ window: 15 * S, subject: 'operator', family: 'infrastructure' },
    alarm: ours({
      ...{ enter: 0.5, leave: 0.5, stay: 10 * S, calm: 10 * S },
      ...{ level: 'warning', response: 'look-for-yourself', who: 'operations manager' },
    }),
  },
  {
    id: 'A1',
    name: { en: 'Slow answers (over half a second)', ko: '응답 지연 (0.5초 초과 비율)' },
    source: {
      kind: 'ratio',
      part: { name: 'http_server_request_duration_seconds_bucket', labels: { le: '0.5' } },
      of: { name: 'http_server_request_duration_seconds_count' },
    },
    ...{ window: MIN, least: 200, bad: 'low', subject: 'shop', family: 'application', unit: 'ratio' },
    alarm: ours({
      ...{ enter: 0.95, leave: 0.98, stay: 15 * S, calm: 30 * S },
      ...{ level: 'warning', response: 'capacity-review', who: DEVELOPMENT },
    }),
  },
  {
    id: 'A2',
    name: { en: 'Throughput', ko: '처리량' },
    ...rateOf({ name: 'http_server_request_duration_seconds_count' }),
    ...{ subject: 'shop', family: 'application' },
  },
  {
    id: 'A3',
    name: { en: 'Error rate', ko: '오류율' },
    source: {
      kind: 'ratio',
      part: {
        name: 'http_server_request_duration_seconds_count',
        labels: { http_response_status_code: FAILED },
      },
      of: { name: 'http_server_request_duration_seconds_count' },
    },
    ...{ window: MIN, least: 100, bad: 'high', subject: 'shop', family: 'application', unit: 'ratio' },
    alarm: ours({
      ...{ enter: 0.05, leave: 0.02, stay: 10 * S, calm: 30 * S },
      ...{ level: 'critical', response: 'check-orders', who: DEVELOPMENT },
    }),
  },
  {
    id: 'A4',
    name: { en: 'Requests at once', ko: '동시 요청 수' },
    ...now('http_server_active_requests'),
    ...{ subject: 'shop', family: 'application', unit: 'requests', alarm: null },
  },
  {
    id: 'I1',
    name: { en: 'Disk reads and writes', ko: '디스크 I/O' },
    ...rateOf({ name: 'levee_host_disk_bytes_total' }),
    ...{ subject: 'host', family: 'infrastructure', unit: 'bytes per second' },
  },
  {
    id: 'I2',
    name: { en: 'Network traffic', ko: '네트워크 트래픽' },
    ...rateOf({ name: 'levee_host_network_bytes_total' }),
    ...{ subject: 'host', family: 'infrastructure', unit: 'bytes per second' },
  },
  {
    id: 'I3',
    name: { en: 'Replica lag', ko: '복제 지연' },
    ...now('levee_replica_lag_seconds'),
    ...{ subject: 'ledger', family: 'infrastructure', unit: 'seconds' },
    alarm: ours({
      ...{ enter: 30, leave: 5, stay: 10 * S, calm: 10 * S },
      ...{ level: 'warning', response: 'replica-review', who: DATABASE },
    }),
  },
  {
    id: 'I4',
    name: { en: 'Kafka partitions under their least in-sync replicas', ko: '최소 동기화 복제본 미달 파티션' },
    ...now('levee_kafka_partitions_under_min_isr'),
    ...{ subject: 'kafka', family: 'infrastructure', unit: 'count' },
    alarm: ours({
      ...{ enter: 0, leave: 0, stay: 2 * S, calm: 10 * S },
      ...{ level: 'critical', response: 'kafka-replicas', who: SYSTEM },
    }),
  },
  {
    id: 'I5',
    name: { en: 'Connections of the ledger in use', ko: 'DB 커넥션 사용률' },
    ...now('levee_ledger_connections_used_ratio'),
    ...{ subject: 'ledger', family: 'infrastructure', unit: 'ratio' },
    alarm: ours({
      ...{ enter: 0.9, leave: 0.75, stay: 5 * S, calm: 10 * S },
      ...{ level: 'critical', response: 'ledger-connections', who: DATABASE },
    }),
  },
  {
    id: 'S1',
    name: { en: 'Coupons claimed', ko: '쿠폰 발급률' },
    ...rateOf(answers('/v1/coupons/:couponId/claims', 'POST', false)),
    ...{ subject: 'shop', family: 'business' },
  },
  {
    id: 'S2',
    name: { en: 'Orders placed', ko: '주문 완료율' },
    ...rateOf(answers('/v1/orders', 'POST', false)),
    ...{ subject: 'shop', family: 'business' },
  },
  {
    id: 'S3',
    name: { en: 'Payments made', ko: '결제 성공률' },
    ...rateOf(answers('/v1/orders/:orderId/payments', 'POST', false)),
    ...{ subject: 'shop', family: 'business' },
  },
  {
    id: 'S4',
    name: { en: 'Views of the best-sellers', ko: '베스트셀러 조회수' },
    ...rateOf(answers('/v1/bestsellers', 'GET', false)),
    ...{ subject: 'shop', family: 'business' },
  },
  {
    id: 'B1',
    name: {
      en: 'Age of the oldest message that waits for a consumer',
      ko: '가장 오래된 미처리 메시지의 대기 시간',
    },
    ...now('levee_kafka_group_lag_age_seconds'),
    ...{ subject: 'kafka', family: 'bottleneck', unit: 'seconds' },
    alarm: ours({
      ...{ enter: 30, leave: 5, stay: 5 * S, calm: 10 * S },
      ...{ level: 'warning', response: 'kafka-lag', who: DEVELOPMENT },
    }),
  },
  {
    id: 'B2',
    name: { en: 'Deadlocks', ko: '데드락' },
    source: { kind: 'rate', of: { name: 'levee_ledger_deadlocks_total' } },
    ...{ window: MIN, least: 2, bad: 'high', subject: 'ledger', family: 'bottleneck', unit: 'per second' },
    alarm: ours({
      ...{ enter: 1, leave: 0.2, stay: 10 * S, calm: 30 * S },
      ...{ level: 'warning', response: 'ledger-deadlocks', who: DATABASE },
    }),
  },
  {
    id: 'B2-pool',
    name: { en: 'Calls that wait for a connection to the ledger', ko: 'DB 커넥션 대기 요청' },
    ...now('db_client_connection_pending_requests'),
    ...{ subject: 'shop', family: 'bottleneck', unit: 'requests' },
    alarm: ours({
      ...{ enter: 100, leave: 20, stay: 10 * S, calm: 10 * S },
      ...{ level: 'warning', response: 'pool-reset', who: DATABASE },
    }),
  },
  {
    id: 'B3',
    name: {
      en: 'Events not delivered yet (the ranking is so much behind)',
      ko: '미전달 이벤트 (랭킹 반영 지연)',
    },
    ...now('levee_outbox_depth'),
    ...{ subject: 'shop', family: 'bottleneck', unit: 'messages' },
    alarm: ours({
      ...{ enter: 10_000, leave: 1_000, stay: 30 * S, calm: 30 * S },
      ...{ level: 'warning', response: 'outbox-review', who: DEVELOPMENT },
    }),
  },
  {
    id: 'B3-evictions',
    name: { en: 'Keys that Redis throws out', ko: 'Redis 키 축출' },
    source: { kind: 'rate', of: { name: 'levee_redis_evictions_total' } },
    ...{ window: MIN, least: 2, bad: 'high', subject: 'redis', family: 'bottleneck', unit: 'per second' },
    alarm: ours({
      // None is right: what Levee keeps there has a life or is trimmed by name.
      ...{ enter: 0, leave: 0, stay: 5 * S, calm: MIN },
      ...{ level: 'warning', response: 'redis-memory', who: SYSTEM },
    }),
  },
] as const satisfies readonly Indicator[]

export type IndicatorId = (typeof indicators)[number]['id']

export const indicatorById: ReadonlyMap<string, Indicator> = new Map(
  indicators.map((row): [string, Indicator] => [row.id, row]),
)
