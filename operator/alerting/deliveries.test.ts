import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ADMIN, BOOK } from '../../tests/support/alerts.ts'
import { DELIVERED, DeliveryBed, later, refused } from '../../tests/support/delivery-bed.ts'
import type { Outcome } from './channels/channel.ts'
import { deliveriesOf, forget, queueCounts } from './delivery-store.ts'
import type { Kind } from './message.ts'
import type { ChannelName } from './routes.ts'

const MINUTE = 60_000
const SLACK = ['slack', 'everyone'] as const
const SMS = ['sms', 'admin'] as const
const CALL = ['call', 'admin'] as const
const PAGER = ['pagerduty', 'everyone'] as const

let bed: DeliveryBed
beforeEach(async () => {
  bed = await DeliveryBed.open()
})
afterEach(() => bed.store.close())

/** Outcomes in their order, then delivered. */
const inTurn = (...outcomes: readonly Outcome[]) => {
  const left = [...outcomes]
  return () => left.shift() ?? DELIVERED
}

describe('what is put in', () => {
  test('is there with what caused it, or not at all', async () => {
    expect(() =>
      bed.store.transact(() => {
        bed.store.run("INSERT INTO alert_messages (id, incident, at, body) VALUES ('x', 'x', 1, '')")
        throw new Error('no')
      }),
    ).toThrow('no')
    await bed.run()
    expect(bed.seen).toEqual([])
    expect(queueCounts(bed.store)).toEqual([])
  })

  test('is told once on each way, however often it is put in', async () => {
    for (let time = 0; time < 3; time++) bed.tell({}, SLACK, SMS, SMS)
    await bed.run(MINUTE)
    bed.tell({}, SLACK, SMS)
    await bed.run(MINUTE)
    expect(bed.delivered).toEqual(['slack everyone m-1', 'sms admin m-1'])
  })

  test('with no key or id is refused', () => {
    expect(() => bed.tell({ id: '' }, SLACK)).toThrow('key and an id')
    expect(() => bed.tell({ key: 'x'.repeat(201) }, SLACK)).toThrow('key and an id')
    expect(() => bed.tell({ at: Number.NaN }, SLACK)).toThrow('time')
  })
})

describe('what is not delivered', () => {
  test('is tried again, with longer pauses and jitter', async () => {
    bed.manners.set('webhook', () => later())
    bed.tell({}, ['webhook', 'everyone'])
    await bed.run(20_000)
    const pauses = bed.seen.slice(1).map(({ at }, index) => at - bed.seen[index]!.at)
    expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000])
  })

  test('waits as long as the service asks for, and all of that channel with it', async () => {
    bed.manners.set('webhook', inTurn(later({ after: 30_000, all: true })))
    bed.tell({}, ['webhook', 'everyone'], PAGER)
    await bed.run(1_000)
    bed.tell({ key: 'other', id: 'm-2' }, ['webhook', 'everyone'], PAGER)
    await bed.run(28_500)
    expect(bed.delivered).toEqual(['pagerduty everyone m-1', 'pagerduty everyone m-2'])
    expect(bed.seen).toHaveLength(3)
    await bed.run(2_000)
    expect(bed.delivered.slice(2).toSorted()).toEqual(['webhook everyone m-1', 'webhook everyone m-2'])
  })

  test('waits as long as is asked for it alone, and holds up nothing else', async () => {
    bed.manners.set('webhook', inTurn(later({ after: 30_000 })))
    bed.tell({}, ['webhook', 'everyone'])
    await bed.run(1_000)
    bed.tell({ key: 'other', id: 'm-2' }, ['webhook', 'everyone'])
    await bed.run(28_500)
    expect(bed.delivered).toEqual(['webhook everyone m-2'])
    await bed.run(2_000)
    expect(bed.delivered).toEqual(['webhook everyone m-2', 'webhook everyone m-1'])
  })

  test('is given up after so many attempts, and told in another way', async () => {
    await bed.deliveries.stop()
    bed.begin({ attemptsMost: 3, patience: { warning: 1e9, critical: 1e9, emergency: 1e9 } })
    bed.manners.set('slack', () => later())
    bed.tell({}, SLACK)
    await bed.run(10 * MINUTE)
    expect(bed.seen.filter(({ channel }) => channel === 'slack')).toHaveLength(3)
    expect(bed.states()).toEqual(['m-1 slack given-up', 'm-1 email delivered'])
  })

  test('is told as a repeat where it may have arrived, and only there', async () => {
    bed.manners.set('slack', inTurn(later(), later({ mayHaveArrived: true }), later()))
    bed.tell({}, SLACK)
    await bed.run(MINUTE)
    expect(bed.seen.map(({ telling }) => telling.again)).toEqual([false, false, true, true])
  })

  test('because the process was killed meanwhile is told as a repeat', async () => {
    bed.manners.set('slack', () => new Promise(() => {}))
    bed.tell({}, SLACK)
    bed.deliveries.pump()
    // No stop: that process is gone.
    bed.manners.clear()
    bed.begin()
    await bed.run()
    expect(bed.seen.map(({ telling }) => telling.again)).toEqual([true])
  })

  test('because its channel fails in itself is tried again', async () => {
    let first = true
    bed.manners.set('slack', () => {
      if (!first) return DELIVERED
      first = false
      throw new Error('a bug')
    })
    bed.tell({}, SLACK)
    await bed.run(MINUTE)
    expect(bed.delivered).toEqual(['slack everyone m-1'])
    expect(bed.logged.join()).toContain('a bug')
  })

  test('holds up no other channel, and at most so many at once of its own', async () => {
    let under = 0
    bed.manners.set('slack', () => {
      under++
      return new Promise(() => {})
    })
    for (let i = 0; i < 20; i++) bed.tell({ key: `k${i}`, id: `m-${i}` }, SLACK, PAGER)
    for (let turn = 0; turn < 8; turn++) {
      bed.deliveries.pump()
      await expect.poll(() => bed.delivered.length).toBeGreaterThanOrEqual(Math.min(20, 4 * (turn + 1)))
    }
    expect(bed.delivered).toHaveLength(20)
    expect(under).toBe(4)
  })
})

describe('the order of one incident', () => {
  test('an update does not overtake its opening', async () => {
    bed.manners.set('pagerduty', inTurn(later(), later(), later()))
    bed.tell({}, PAGER)
    bed.tell({ id: 'm-2', kind: 'updated' }, PAGER)
    bed.tell({ id: 'm-3', kind: 'resolved' }, PAGER)
    await bed.run(MINUTE)
    expect(bed.delivered).toEqual(['pagerduty everyone m-1', 'pagerduty everyone m-3'])
  })

  test('does not hold up another incident on the same channel', async () => {
    bed.manners.set('pagerduty', ({ key }) => (key === 'redis:down' ? later() : DELIVERED))
    bed.tell({}, PAGER)
    bed.tell({ id: 'm-2', key: 'kafka:down' }, PAGER)
    await bed.run()
    expect(bed.delivered).toEqual(['pagerduty everyone m-2'])
  })

  test('only the newest unsent update is told', async () => {
    bed.manners.set('slack', inTurn(later()))
    bed.tell({}, SLACK)
    for (const id of ['m-2', 'm-3', 'm-4']) bed.tell({ id, kind: 'updated' }, SLACK)
    await bed.run(MINUTE)
    expect(bed.delivered).toEqual(['slack everyone m-1', 'slack everyone m-4'])
    expect(bed.states()).toEqual([
      'm-1 slack delivered',
      'm-2 slack superseded',
      'm-3 slack superseded',
      'm-4 slack delivered',
    ])
  })

  test('an update that is on its way is not overtaken by the one that replaces it', async () => {
    let arrive: (outcome: Outcome) => void = () => {}
    bed.tell({}, SLACK)
    await bed.run()
    bed.manners.set('slack', ({ id }) =>
      id === 'm-2' ? new Promise<Outcome>(resolve => (arrive = resolve)) : DELIVERED,
    )
    bed.tell({ id: 'm-2', kind: 'updated' }, SLACK)
    bed.deliveries.pump()
    bed.tell({ id: 'm-3', kind: 'updated' }, SLACK)
    bed.deliveries.pump()
    expect(bed.delivered).toEqual(['slack everyone m-1'])
    arrive(DELIVERED)
    await bed.run(MINUTE)
    expect(bed.delivered).toEqual(['slack everyone m-1', 'slack everyone m-2', 'slack everyone m-3'])
  })

  test('nobody is called about what is over', async () => {
    bed.manners.set('call', () => later())
    bed.tell({}, CALL, SMS)
    await bed.run()
    bed.tell({ id: 'm-2', kind: 'resolved' }, SMS)
    bed.manners.clear()
    await bed.run(10 * MINUTE)
    expect(bed.delivered).toEqual(['sms admin m-1', 'sms admin m-2'])
  })
})

describe('another channel', () => {
  test('is told when one stays down, soon enough for the level, and the first goes on trying', async () => {
    bed.manners.set('slack', () => later())
    bed.tell({ level: 'warning' }, SLACK)
    await bed.run(4 * MINUTE)
    expect(bed.delivered).toEqual([])
    await bed.run(2 * MINUTE)
    expect(bed.delivered).toEqual(['email admin m-1'])
    bed.manners.clear()
    await bed.run(2 * MINUTE)
    expect(bed.delivered).toEqual(['email admin m-1', 'slack everyone m-1'])
  })

  test.each([
    ['critical', 30_000],
    ['emergency', 15_000],
  ] as const)('is told of a %s one after %d ms', async (level, patience) => {
    bed.manners.set('sms', () => later())
    bed.tell({ level }, SMS)
    await bed.run(patience - 1_000)
    expect(bed.delivered).toEqual([])
    await bed.run(2_000)
    expect(bed.delivered).toEqual(['call admin m-1'])
  })

  test('is told at once where one refuses for good', async () => {
    bed.manners.set('pagerduty', () => refused)
    bed.tell({}, PAGER)
    await bed.run()
    expect(bed.delivered).toEqual(['sms admin m-1'])
    expect(bed.states()).toEqual(['m-1 pagerduty refused', 'm-1 sms delivered'])
  })

  test('is not told where it carries it already', async () => {
    bed.manners.set('pagerduty', () => later())
    bed.tell({}, PAGER, SMS)
    await bed.run(5 * MINUTE)
    expect(bed.delivered).toEqual(['sms admin m-1'])
  })

  test('that is down itself is passed over', async () => {
    for (const channel of ['slack', 'email'] as const) bed.manners.set(channel, () => later())
    bed.tell({ key: 'other', id: 'a' }, ['email', 'admin'])
    bed.tell({}, SLACK)
    await bed.run(MINUTE)
    expect(bed.states()).toEqual(['m-1 slack waiting', 'm-1 sms delivered'])
  })

  test('that comes back is told though all were down', async () => {
    for (const channel of ['sms', 'call', 'pagerduty', 'email', 'slack'] as const)
      bed.manners.set(channel, () => later())
    bed.tell({ key: 'a', id: 'a' }, SMS, PAGER, ['email', 'admin'], SLACK)
    bed.tell({}, SMS)
    await bed.run(5 * MINUTE)
    expect(bed.delivered).toEqual([])
    bed.manners.delete('pagerduty')
    await bed.run(2 * MINUTE)
    expect(bed.delivered).toContain('pagerduty everyone m-1')
  })

  test('hears of the incident in order', async () => {
    bed.manners.set('slack', () => later())
    bed.tell({ level: 'warning' }, SLACK)
    bed.tell({ id: 'm-2', kind: 'escalated', level: 'critical' }, SLACK)
    await bed.run(10 * MINUTE)
    expect(bed.delivered).toEqual(['email admin m-1', 'email admin m-2'])
  })

  test('that was told something later of it does not hear the old news', async () => {
    bed.manners.set('slack', () => later())
    bed.tell({ level: 'warning' }, SLACK)
    bed.tell({ id: 'm-2', kind: 'escalated', level: 'critical' }, ['email', 'admin'])
    await bed.run(10 * MINUTE)
    expect(bed.delivered).toEqual(['email admin m-2'])
  })

  test('is not asked because nobody was there to send', async () => {
    bed.tell({}, SMS)
    bed.now += 60 * MINUTE
    bed.begin()
    bed.manners.set('sms', inTurn(later()))
    await bed.run(MINUTE)
    expect(bed.delivered).toEqual(['sms admin m-1'])
  })

  test('is asked soon when the first is known to be down', async () => {
    bed.manners.set('slack', () => later())
    bed.tell({ level: 'warning' }, SLACK)
    await bed.run(20 * MINUTE)
    bed.tell({ key: 'other', id: 'm-2', level: 'warning' }, SLACK)
    await bed.run(3_000)
    expect(bed.delivered).toEqual(['email admin m-1', 'email admin m-2'])
  })

  test('is told when the one to be told is no contact any more', async () => {
    bed.book = { ...BOOK, contacts: BOOK.contacts.filter(({ id }) => id !== ADMIN.id) }
    bed.tell({}, SMS)
    await bed.run()
    expect(bed.delivered).toEqual(['call manager m-1'])
  })
})

describe('a storm', () => {
  const storm = (
    count: number,
    level: 'warning' | 'critical' | 'emergency',
    ...ways: (typeof SLACK | typeof SMS | typeof PAGER)[]
  ) => {
    for (let i = 0; i < count; i++) bed.tell({ key: `k${i}`, id: `m-${i}`, level }, ...ways)
  }

  test('comes as a few tellings and one digest with all the others', async () => {
    storm(30, 'critical', SMS)
    await bed.run(5_000)
    expect(bed.delivered).toHaveLength(5)
    await bed.run(MINUTE)
    expect(bed.delivered).toHaveLength(6)
    const { telling } = bed.seen[5]!
    expect(telling.title.ko).toBe('알림 25건을 한 번에 보내 드립니다')
    expect(telling.text.en).toContain('and 5 more')
    expect(telling).toMatchObject({ level: 'critical', kind: 'opened' })
    for (let i = 0; i < 30; i++)
      expect(deliveriesOf(bed.store, `k${i}`).map(({ state }) => state)).toEqual(['delivered'])
  })

  test('does not touch machines, which group by themselves', async () => {
    storm(30, 'critical', PAGER)
    for (let turn = 0; turn < 10; turn++) await bed.run()
    expect(bed.delivered).toHaveLength(30)
  })

  test('does not hold up an emergency', async () => {
    storm(30, 'critical', SMS)
    await bed.run(2_000)
    bed.tell({ key: 'mysql:down', id: 'm-e', level: 'emergency' }, SMS)
    await bed.run()
    expect(bed.delivered.at(-1)).toBe('sms admin m-e')
  })

  test('does not change the order of an incident', async () => {
    storm(20, 'critical', SMS)
    await bed.run(2_000)
    bed.manners.set('sms', inTurn(later(), later()))
    await bed.run(12_000)
    for (let i = 0; i < 20; i++) bed.tell({ key: `k${i}`, id: `r-${i}`, kind: 'resolved' }, SMS)
    await bed.run(5 * MINUTE)
    const digests = bed.delivered.filter(line => line.includes('digest:'))
    expect(digests).toHaveLength(2)
    expect(bed.delivered.findIndex(line => line.includes('r-19'))).toBe(-1)
    const [first, last] = bed.seen.filter(
      ({ telling, outcome }) => telling.key.startsWith('digest:') && outcome === 'delivered',
    )
    expect(first!.telling.kind).toBe('opened')
    expect(last!.telling).toMatchObject({ kind: 'resolved' })
    expect(first!.at).toBeLessThan(last!.at)
  })

  test('an end does not overtake the digest that tells of the beginning', async () => {
    let isDown = true
    bed.manners.set('sms', ({ key }) => (isDown && key.startsWith('digest:') ? later() : DELIVERED))
    storm(20, 'critical', SMS)
    await bed.run(90_000)
    bed.tell({ key: 'k19', id: 'r-19', kind: 'resolved' }, SMS)
    await bed.run(MINUTE)
    expect(bed.delivered).not.toContain('sms admin r-19')
    isDown = false
    await bed.run(3 * MINUTE)
    const messages = bed.delivered.filter(line => line.startsWith('sms'))
    expect(messages.slice(5)).toEqual([expect.stringContaining('digest:'), 'sms admin r-19'])
  })

  test('whose digest does not get through goes another way', async () => {
    bed.manners.set('sms', ({ key }) => (key.startsWith('digest:') ? later() : DELIVERED))
    storm(20, 'critical', SMS)
    await bed.run(2 * MINUTE)
    expect(bed.delivered.filter(line => line.startsWith('call admin digest:'))).toHaveLength(1)
  })

  test('ends by itself', async () => {
    storm(8, 'warning', SLACK)
    await bed.run(3 * MINUTE)
    bed.tell({ id: 'late', key: 'late', level: 'warning' }, SLACK)
    await bed.run()
    expect(bed.delivered.at(-1)).toBe('slack everyone late')
  })
})

test('whatever channels do, nothing is lost, overtakes or is told twice as new', async () => {
  const outcome = fc.constantFrom<Outcome>(
    DELIVERED,
    DELIVERED,
    later(),
    later({ mayHaveArrived: true }),
    later({ after: 5_000, all: true }),
    later({ after: 60_000, all: true }),
    refused,
  )
  const event = fc.record({
    incident: fc.integer({ min: 0, max: 2 }),
    kind: fc.constantFrom<Kind>('updated', 'updated', 'reminder', 'escalated', 'acknowledged', 'resolved'),
    pause: fc.integer({ min: 0, max: 40_000 }),
    restart: fc.integer({ min: 0, max: 9 }).map(n => n === 0),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(event, { maxLength: 12 }),
      fc.infiniteStream(outcome),
      async (events, outcomes) => {
        const own = await DeliveryBed.open({
          storm: { most: 3, window: 60_000, hold: 5_000, digestMost: 50 },
        })
        const ways = [SLACK, SMS, PAGER] as const
        for (const [name] of ways) own.manners.set(name, () => outcomes.next().value!)
        const order: string[] = []
        const tell = (incident: number, kind: Kind): void => {
          order.push(`${order.length}`)
          own.tell({ key: `k${incident}`, id: order.at(-1)!, kind }, ...ways)
        }
        for (const incident of [0, 1, 2]) tell(incident, 'opened')
        for (const { incident, kind, pause, restart } of events) {
          tell(incident, kind)
          await own.run(pause)
          if (restart) own.begin()
        }
        own.manners.clear()
        await own.run(30 * MINUTE)
        const rows = [0, 1, 2].flatMap(incident => deliveriesOf(own.store, `k${incident}`))
        // Nothing is left, and what was refused or dropped is known to be.
        expect(rows.filter(({ state }) => state === 'waiting' || state === 'joined')).toEqual([])
        // An opening is never dropped for what came after it.
        expect(rows.filter(({ kind, state }) => kind === 'opened' && state === 'superseded')).toEqual([])
        // Each opening was delivered somewhere.
        for (const id of ['0', '1', '2'])
          expect(rows.some(row => row.message === id && row.state === 'delivered')).toBe(true)
        // What may have arrived is told as a repeat from then on, and what was delivered is not told again.
        const before = new Map<string, 'arrived' | 'delivered'>()
        for (const { channel, contact, telling, arrived, outcome: is } of own.seen) {
          const one = `${channel} ${contact} ${telling.id}`
          expect(before.get(one)).not.toBe('delivered')
          expect(telling.again).toBe(before.has(one))
          if (arrived) before.set(one, is === 'delivered' ? 'delivered' : 'arrived')
        }
        // In order on each way of each incident, as far as it was told by itself.
        const last = new Map<string, number>()
        for (const { channel, contact, telling, outcome: is } of own.seen) {
          if (is !== 'delivered' || telling.key.startsWith('digest:')) continue
          const way = `${channel} ${contact} ${telling.key}`
          expect(Number(telling.id)).toBeGreaterThan(last.get(way) ?? -1)
          last.set(way, Number(telling.id))
        }
        own.store.close()
      },
    ),
    { numRuns: 60 },
  )
})

test('what was told long ago is forgotten, but not of an incident that is still told of', async () => {
  bed.tell({ key: 'old', id: 'old' }, SLACK)
  bed.tell({ key: 'open', id: 'open' }, SLACK)
  await bed.run()
  bed.now += 100 * MINUTE
  bed.manners.set('slack', () => later())
  bed.tell({ key: 'open', id: 'open-2', kind: 'updated' }, SLACK)
  expect(forget(bed.store, bed.now - MINUTE, 100)).toBe(1)
  expect(deliveriesOf(bed.store, 'old')).toEqual([])
  expect(deliveriesOf(bed.store, 'open')).toHaveLength(2)
})

test('says which channels fail, since when, and what waits', async () => {
  bed.manners.set('slack', () => later())
  bed.tell({}, SLACK)
  const began = bed.now
  await bed.run(5_000)
  expect([...bed.deliveries.failing]).toEqual([['slack', began]])
  expect(queueCounts(bed.store)).toEqual([
    { channel: 'slack' satisfies ChannelName, waiting: 1, oldest: began },
  ])
})

test('runs by itself, hears of what is put in, and stops in order', async () => {
  const done: string[] = []
  bed.deliveries.onDone(({ delivery, state }) => done.push(`${delivery.message} ${state}`))
  bed.deliveries.start()
  bed.tell({}, SLACK)
  bed.deliveries.wake()
  await expect.poll(() => done).toEqual(['m-1 delivered'])
  await bed.deliveries.stop()
  bed.tell({ id: 'm-2', kind: 'updated' }, SLACK)
  bed.deliveries.wake()
  expect(bed.states()).toEqual(['m-1 slack delivered', 'm-2 slack waiting'])
})
