// The ledger's connections and the outbox, read when a scrape asks.

import { Gauge, type Registry } from 'prom-client'

export interface LedgerSource {
  /** Connections in use and free, and callers waiting for one. */
  pool(): { used: number; idle: number; waiting: number }
  /** Events not yet delivered everywhere: how many, and the age of the oldest in ms. Absent: another process tells. */
  outbox?(): Promise<{ depth: number; oldestAge: number }>
}

/** Longest wait for the ledger's answer during a scrape, ms: a scrape itself is given up after 10 s. */
const OUTBOX_WAIT_MS = 2_000

export function ledgerMetrics(registry: Registry, source: LedgerSource): void {
  new Gauge({
    name: 'db_client_connection_count',
    help: 'Connections of the pool, by state',
    labelNames: ['db_client_connection_state'],
    registers: [registry],
    collect() {
      const { used, idle } = source.pool()
      this.set({ db_client_connection_state: 'used' }, used)
      this.set({ db_client_connection_state: 'idle' }, idle)
    },
  })
  new Gauge({
    name: 'db_client_connection_pending_requests',
    help: 'Callers waiting for a connection',
    registers: [registry],
    collect() {
      this.set(source.pool().waiting)
    },
  })
  if (source.outbox !== undefined) outboxMetrics(registry, () => source.outbox!())
}

function outboxMetrics(registry: Registry, outbox: NonNullable<LedgerSource['outbox']>): void {
  let reading: ReturnType<typeof within<{ depth: number; oldestAge: number }>> | null = null
  /** One question for both gauges. */
  const read = () => {
    reading ??= within(outbox()).finally(() => {
      reading = null
    })
    return reading
  }
  const gauge = (
    name: string,
    help: string,
    value: (outbox: { depth: number; oldestAge: number }) => number,
  ) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        const outbox = await read()
        // Unknown is said by saying nothing: zero would mean that all is delivered.
        if (outbox === null) this.remove()
        else this.set(value(outbox))
      },
    })
  gauge('levee_outbox_depth', 'Events in the outbox that are not delivered yet', ({ depth }) => depth)
  gauge(
    'levee_outbox_oldest_age_seconds',
    'Age of the oldest event in the outbox; 0 when it is empty',
    ({ oldestAge }) => oldestAge / 1000,
  )
}

/** Null where the ledger fails or takes too long: the other metrics are wanted all the more then. */
function within<T>(work: Promise<T>): Promise<T | null> {
  return new Promise(resolve => {
    const timer = setTimeout(() => resolve(null), OUTBOX_WAIT_MS)
    const done = (value: T | null) => {
      clearTimeout(timer)
      resolve(value)
    }
    work.then(done, () => done(null))
  })
}
