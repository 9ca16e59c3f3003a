import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { systemCall } from '../../platform/contract/call.ts'
import { createDirectTransport } from '../../platform/events/direct-transport.ts'
import type { DomainEvent } from '../../platform/events/event.ts'
import { Relay } from '../../platform/events/relay.ts'
import { createLog } from '../../platform/log/log.ts'
import { MailRefused, type OutgoingMail } from '../../platform/mail/mail-port.ts'
import type { Module } from '../../platform/module.ts'
import { appendEvents } from '../../platform/sql/once.ts'
import type { PlatformTables } from '../../platform/sql/platform-tables.ts'
import { onEveryLedger } from '../../tests/support/engines.ts'
import { openScratchLedger, type ScratchLedger } from '../../tests/support/ledgers.ts'
import type { notificationContract } from './contract.ts'
import { createNotification, notificationSchema } from './index.ts'
import type { NotificationTables } from './tables.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

onEveryLedger('notification', engine => {
  let scratch: ScratchLedger
  let now: number
  let sent: OutgoingMail[]
  let fault: ((mail: OutgoingMail) => Error | null) | null
  let module: Module<typeof notificationContract>

  const create = (ledger = scratch.ledger, ratePerSecond = 20) =>
    createNotification({
      ledger,
      clock: () => now,
      log: createLog({ level: 'silent', name: 'test' }),
      settings: { ratePerSecond },
      mail: {
        async send(mail) {
          const error = fault?.(mail)
          if (error) throw error
          sent.push(mail)
        },
        close: async () => undefined,
      },
      orderLink: orderId => `https://shop.example/orders/${orderId}?secret=s3cret`,
    })
  /** On SQLite two connections of one thread would wait for each other, so there it is the same one. */
  const anotherView = async () => (engine.url === undefined ? scratch.ledger : scratch.another())
  const rows = () => scratch.ledger.reads<NotificationTables>().selectFrom('mails').selectAll().execute()
  const call = () => systemCall('test', now)
  const [delivery, retention] = [0, 1].map(i => () => module.sweeps[i]!.run(now)) as [
    () => Promise<number>,
    () => Promise<number>,
  ]
  const handle = (...events: DomainEvent[]) => module.consumers[0]!.handle(events)
  const failed = async () => {
    const listed = await module.door.listMails(call(), {})
    if (!listed.ok) throw new Error(listed.refusal.code)
    return listed.value.mails
  }

  beforeAll(async () => {
    scratch = await openScratchLedger(engine, [notificationSchema])
  })
  afterAll(() => scratch.drop())
  beforeEach(async () => {
    now = 1_800_000_000_000
    sent = []
    fault = null
    module = create()
    await scratch.ledger.write<NotificationTables, unknown>(tx => tx.deleteFrom('mails').execute())
  })

  const event = (type: string, key: string, version: number, more = {}): DomainEvent => ({
    type,
    key,
    version,
    payload: {
      orderId: key,
      owner: 'g_1',
      memberId: null,
      email: 'kim@example.com',
      currency: 'GBP',
      total: 1250,
      paid: 1250,
      lines: [{ lineNo: 0, productId: '85123A', quantity: 2, unitPrice: 625, revenue: 1250 }],
      ...more,
    },
  })
  const letter = (mailId: string) => ({
    mailId,
    to: 'lee@example.com',
    template: 'confirm' as const,
    data: { name: null, link: 'https://shop.example/confirm?token=t', token: 't' },
  })

  describe('events of orders', () => {
    test('make one mail each, however often they come', async () => {
      const events = [event('order.placed', 'o-1', 1), event('order.paid', 'o-1', 3)]
      await handle(...events, ...events)
      await handle(events[0]!, event('order.refunded', 'o-1', 4, { amount: 300 }))
      await Promise.all([handle(...events), handle(...events), create().consumers[0]!.handle(events)])
      expect((await rows()).map(row => row.mail_id).sort()).toEqual(['o-1:1', 'o-1:3', 'o-1:4'])
      expect(await delivery()).toBe(3)
      expect(sent.map(mail => mail.subject.split(' /')[0]).sort()).toEqual([
        'Payment received for order o-1',
        'Refund for order o-1',
        'Your order o-1',
      ])
      expect(sent.find(mail => mail.id === 'o-1:4')?.text).toContain('£3.00')
      expect(sent[0]).toMatchObject({ to: 'kim@example.com', date: now })
    })

    test('without an address make none', async () => {
      await handle(event('order.placed', 'o-2', 1, { email: null }))
      expect(await rows()).toEqual([])
    })

    test('make the same mails where the relay writes them itself', async () => {
      const events = [
        event('order.placed', 'o-1', 1),
        event('order.paid', 'o-1', 3, { memberId: 'm-1', note: "Kim's \\ 'é' 주문" }),
        event('order.cancelled', 'o-2', 2, { email: null }),
        event('order.cancelled', 'o-3', 2, { email: undefined }),
        event('order.expired', 'o-4', 2),
      ]
      const { ledger } = scratch
      await handle(...events.slice(0, 4))
      const byHand = await rows()
      await ledger.write<NotificationTables, unknown>(tx => tx.deleteFrom('mails').execute())
      await ledger.write<PlatformTables, void>(tx => appendEvents(tx, events, now))
      const deps = { ledger, clock: () => now, log: createLog({ level: 'silent', name: 'test' }) }
      const refusing = { ...module.consumers[0]!, handle: () => Promise.reject(new Error('by hand')) }
      const relay = new Relay({ ...deps, transport: createDirectTransport([refusing], deps) })
      await relay.turn()
      await relay.stop()
      expect(byHand).toHaveLength(2)
      expect(await rows()).toEqual(byHand)
    })

    test('come in thousands', async () => {
      await handle(...Array.from({ length: 1_000 }, (_, i) => event('order.placed', `o-${i}`, 1)))
      await handle(...Array.from({ length: 1_000 }, (_, i) => event('order.placed', `o-${i + 500}`, 1)))
      expect(await rows()).toHaveLength(1_500)
    })

    test('in two processes at once make one mail each', async () => {
      const other = create(await anotherView())
      const events = Array.from({ length: 300 }, (_, i) => event('order.paid', `o-${i}`, 2))
      await Promise.all([handle(...events), other.consumers[0]!.handle([...events].reverse())])
      expect(await rows()).toHaveLength(300)
    })
  })

  test('a letter is queued once, goes before the news, and holds no secret afterwards', async () => {
    await handle(...Array.from({ length: 30 }, (_, i) => event('order.placed', `o-${i}`, 1)))
    await module.door.queueMail(call(), letter('l-1'))
    await module.door.queueMail(call(), letter('l-1'))
    await delivery()
    expect(sent).toHaveLength(20)
    expect(sent[0]?.id).toBe('l-1')
    expect((await rows()).find(row => row.mail_id === 'l-1')).toMatchObject({ state: 'sent', data: '' })
  })

  test('no more than the rate is sent in a second, and all of it in the end', async () => {
    module = create(scratch.ledger, 5)
    await handle(...Array.from({ length: 12 }, (_, i) => event('order.placed', `o-${i}`, 1)))
    const counts: number[] = []
    for (let i = 0; i < 8; i++) {
      counts.push(await delivery())
      now += 500
    }
    expect(counts.reduce((sum, count) => sum + count)).toBe(12)
    expect(counts).toEqual([5, 2, 3, 2, 0, 0, 0, 0])
  })

  test('two processes never send the same mail', async () => {
    const other = create(await anotherView())
    await handle(...Array.from({ length: 20 }, (_, i) => event('order.placed', `o-${i}`, 1)))
    await Promise.all([delivery(), other.sweeps[0]!.run(now)])
    expect(new Set(sent.map(mail => mail.id)).size).toBe(20)
    expect(sent).toHaveLength(20)
  })

  test('a process that died while sending holds its mails up for two minutes, not for ever', async () => {
    await handle(event('order.placed', 'o-1', 1))
    let release = () => {}
    fault = () => null
    const hanging = createNotification({
      ledger: scratch.ledger,
      clock: () => now,
      log: createLog({ level: 'silent', name: 'test' }),
      settings: { ratePerSecond: 20 },
      mail: {
        send: () =>
          new Promise(resolve => {
            release = resolve
            reached()
          }),
        close: async () => undefined,
      },
      orderLink: () => '',
    })
    let reached = () => {}
    const there = new Promise<void>(resolve => {
      reached = resolve
    })
    const run = hanging.sweeps[0]!.run(now)
    await there
    expect(await delivery()).toBe(0)
    now += 120_000
    expect(await delivery()).toBe(1)
    expect(sent).toHaveLength(1)
    release()
    await run
    expect((await rows())[0]).toMatchObject({ state: 'sent', attempts: 2 })
  })

  test('what fails is tried again later and given up at last; staff see it and send it again', async () => {
    await handle(event('order.placed', 'o-1', 1))
    fault = () => new Error('451 later\r\nplease')
    let tries = 0
    for (; (await failed()).length === 0; tries++) {
      expect(await delivery()).toBe(1)
      expect(await delivery()).toBe(0)
      now += 3 * HOUR
    }
    expect(tries).toBe(8)
    expect(await failed()).toEqual([
      expect.objectContaining({ mailId: 'o-1:1', attempts: 8, cause: '451 later please', state: 'failed' }),
    ])
    fault = null
    const retried = await module.door.retryMail(call(), { mailId: 'o-1:1' })
    expect(retried).toMatchObject({ ok: true, value: { state: 'queued', attempts: 0 } })
    await delivery()
    expect(sent).toHaveLength(1)
    const again = await module.door.retryMail(call(), { mailId: 'o-1:1' })
    expect(again).toMatchObject({ ok: true, value: { state: 'sent' } })
    expect(await module.door.retryMail(call(), { mailId: 'nothing' })).toMatchObject({
      refusal: { code: 'not_found' },
    })
  })

  test('an address that is refused is not tried again; others are not held up', async () => {
    fault = mail => (mail.to.startsWith('bad') ? new MailRefused('550 no such user') : null)
    await handle(
      event('order.placed', 'o-1', 1, { email: 'bad@example.com' }),
      event('order.placed', 'o-2', 1),
    )
    await delivery()
    expect(sent.map(mail => mail.id)).toEqual(['o-2:1'])
    expect((await failed()).map(mail => mail.attempts)).toEqual([1])
  })

  test('lists go by pages, newest first, over both kinds', async () => {
    fault = () => new MailRefused('no')
    for (let i = 0; i < 5; i++) {
      now += 1_000
      await handle(event('order.placed', `o-${i}`, 1))
      await module.door.queueMail(call(), letter(`l-${i}`))
      await delivery()
    }
    const seen: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const page = await module.door.listMails(call(), { limit: 3, ...(cursor === '' ? {} : { cursor }) })
      if (!page.ok) throw new Error(page.refusal.code)
      seen.push(...page.value.mails.map(mail => mail.mailId))
      cursor = page.value.nextCursor
    }
    expect(seen).toEqual([4, 3, 2, 1, 0].flatMap(i => [`o-${i}:1`, `l-${i}`]))
    expect(await module.door.listMails(call(), { cursor: 'nonsense' })).toMatchObject({
      refusal: { code: 'invalid_request' },
    })
  })

  test('nothing stays for ever: sent and failed go after 30 days, what was never reached is given up', async () => {
    await module.door.queueMail(call(), letter('l-1'))
    await delivery()
    now += DAY
    await handle(event('order.placed', 'o-1', 1))
    expect(await retention()).toBe(0)
    now += 3 * DAY + 1
    expect(await retention()).toBe(1)
    expect(await failed()).toEqual([expect.objectContaining({ mailId: 'o-1:1', cause: 'too old' })])
    now += 27 * DAY
    expect(await retention()).toBe(1)
    now += 4 * DAY
    expect(await retention()).toBe(1)
    expect(await rows()).toEqual([])
  })
})
