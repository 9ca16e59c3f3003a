// Sessions of two processes with a Redis between them and the table: how soon an end bites, and what a reader of Redis gets.

import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import type { Call, Principal } from '../../platform/contract/call.ts'
import { ok } from '../../platform/contract/result.ts'
import { createLog } from '../../platform/log/log.ts'
import { createPasswords } from '../../platform/passwords/passwords.ts'
import { families, keyOf } from '../../platform/redis/keys.ts'
import { openRedis } from '../../platform/redis/open-redis.ts'
import type { Redis } from '../../platform/redis/redis.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import { onEveryLedger } from '../../tests/support/engines.ts'
import { fixedLadders } from '../../tests/support/fixed-ladders.ts'
import { openScratchLedger, type ScratchLedger } from '../../tests/support/ledgers.ts'
import { OwnRedis, onEveryRedis } from '../../tests/support/own-redis.ts'
import { type Account, accountSchema, createAccount } from './index.ts'
import { DAY, SESSION_MOST } from './limits.ts'
import { newSecret, secretHash } from './secrets.ts'
import { insertSession } from './session-store.ts'
import type { AccountTables } from './tables.ts'

const LONGEST_MS = 5_000
const log = createLog({ level: 'silent', name: 'test' })

onEveryLedger('sessions in Redis', engine =>
  onEveryRedis('on', program => {
    let server: OwnRedis
    let scratch: ScratchLedger
    let redises: Redis[]
    let ahead = 0
    let reads = 0
    let members = 0
    const clock = () => Date.now() + ahead
    const forgotten: string[][] = [[], []]
    let accounts: Account[]
    let ledgers: Ledger[]

    /** Counts what is read of the table. */
    const counted = (ledger: Ledger): Ledger =>
      Object.assign(Object.create(ledger) as Ledger, {
        reads<Tables>() {
          reads++
          return ledger.reads<Tables>()
        },
      })
    const create = (ledger: Ledger, redis: Redis, told: string[]): Account =>
      createAccount({
        ...{ redis, clock, log, ledger: counted(ledger) },
        prefixes: { redisPrefix: 'test' },
        ladders: fixedLadders({ 'session.read': 'redis' }),
        settings: { lettersPerHour: 100 },
        passwords: createPasswords(clock),
        notification: { queueMail: async (_call, { mailId }) => ok({ mailId }) },
        link: () => '',
        forget: principalId => void told.push(principalId),
      })

    beforeAll(async () => {
      server = await OwnRedis.start(program)
      scratch = await openScratchLedger(engine, [accountSchema])
      ledgers = [scratch.ledger, await scratch.another()]
    })
    beforeEach(async () => {
      const connect = () => openRedis({ url: server.url, commandTimeout: 1_000, log })
      redises = await Promise.all([connect(), connect()])
      for (const told of forgotten) told.length = 0
      accounts = ledgers.map((ledger, i) => create(ledger, redises[i]!, forgotten[i]!))
      // Who listens hears of nothing that was said before.
      for (const redis of redises)
        await expect.poll(() => redis.command('PUBSUB', 'NUMSUB', 'test:told:session')).toContain(2)
    })
    afterEach(() => Promise.all(redises.map(redis => redis.close())))
    afterAll(async () => {
      await scratch.drop()
      await server.drop()
    })

    /** A member who signed in. */
    async function member(role?: 'operator'): Promise<{ memberId: string; token: string }> {
      const memberId = `m_${members++}`
      const token = newSecret()
      const now = clock()
      const row = { ...{ password_hash: null, name: null, external_ref: null }, created_at: now }
      await scratch.ledger.write<AccountTables, void>(async tx => {
        const email = `${memberId}@example.org`
        await tx
          .insertInto('members')
          .values({ member_id: memberId, email, confirmed: 1, ...row })
          .execute()
        if (role !== undefined)
          await tx
            .insertInto('member_roles')
            .values({ role, member_id: memberId, granted_by: 'm', granted_at: now })
            .execute()
        await insertSession(tx, {
          ...{ token_hash: secretHash(token), session_id: `s_${memberId}`, member_id: memberId },
          ...{ guest_id: null, channel_id: null, created_at: now, last_seen_at: now },
          expires_at: now + SESSION_MOST,
        })
      })
      return { memberId, token }
    }
    async function known(token: string, on = 0): Promise<Principal> {
      const principal = await accounts[on]!.identify(token)
      if (principal === null) throw new Error('nobody')
      return principal
    }
    const callOf = (principal: Principal): Call => {
      return { principal, requestId: 'r', deadline: clock() + DAY, idempotency: null }
    }
    const keyed = (token: string) => keyOf('test', families.session, secretHash(token))
    /** Read by one, and found in Redis by the other. */
    async function shared(token: string): Promise<Principal> {
      await known(token, 0)
      await expect.poll(() => redises[1]!.command('EXISTS', keyed(token))).toBe(1)
      reads = 0
      const principal = await known(token, 1)
      expect(reads).toBe(0)
      return principal
    }

    it('a session is read once for all, and says when it was read', async () => {
      const { memberId, token } = await member('operator')
      const first = await known(token)
      const before = clock()
      // Nobody waited for it to be there.
      await expect.poll(() => redises[0]!.command('EXISTS', keyed(token))).toBe(1)
      expect(await shared(token)).toEqual(first)
      expect(first).toMatchObject({ id: memberId, roles: ['customer', 'operator'] })
      expect(first.asOf).toBeLessThanOrEqual(before)
      expect(await redises[0]!.command<number>('PTTL', keyed(token))).toBeLessThanOrEqual(LONGEST_MS)
    })

    it('who reads Redis can speak for nobody', async () => {
      const { token } = await member()
      await shared(token)
      const [, keys] = await redises[0]!.command<[string, string[]]>('SCAN', 0, 'COUNT', 10_000)
      const texts = await Promise.all(
        keys.map(key => redises[0]!.command<string>('GET', key).catch(() => '')),
      )
      const seen = [...keys, ...texts].join('\n')
      expect(seen).toContain(secretHash(token))
      expect(seen).not.toContain(token)
      for (const word of seen.split(/[^A-Za-z0-9_-]+/)) expect(await accounts[1]!.identify(word)).toBeNull()
    })

    it('who signs out is gone everywhere by the time of the answer, and all are told', async () => {
      const { memberId, token } = await member()
      const principal = await shared(token)
      expect(await accounts[0]!.module.door.signOut(callOf(principal), {})).toMatchObject({ ok: true })
      expect(await accounts[1]!.identify(token)).toBeNull()
      await expect.poll(() => forgotten[1]).toEqual([memberId])
      expect(forgotten[0]).toEqual([memberId])
    })

    it('a role that is taken away is gone everywhere by the time of the answer', async () => {
      const { memberId, token } = await member('operator')
      await shared(token)
      const administrator: Principal = {
        ...{ kind: 'member', id: 'm_admin', roles: ['administrator'], channelId: null, email: null },
      }
      const revoked = accounts[0]!.module.door.revokeRole(callOf(administrator), {
        memberId,
        role: 'operator',
      })
      expect(await revoked).toMatchObject({ ok: true })
      expect((await known(token, 1)).roles).toEqual(['customer'])
    })

    it('a slow process that stores a session after its end brings nobody back', async () => {
      const { token } = await member()
      const principal = await shared(token)
      const stored = await redises[0]!.command<string>('GET', keyed(token))
      await accounts[0]!.module.door.signOut(callOf(principal), {})
      await redises[0]!.command('SET', keyed(token), stored, 'PX', LONGEST_MS)
      expect(await accounts[1]!.identify(token)).toBeNull()
    })

    it('an end of which Redis was not told bites after five seconds', async () => {
      const { token } = await member()
      const principal = await shared(token)
      await redises[0]!.close()
      await accounts[0]!.module.door.signOut(callOf(principal), {})
      expect(await accounts[0]!.identify(token)).toBeNull()
      // Counted from when it was read from the table, whatever Redis does with its life.
      await redises[1]!.command('PERSIST', keyed(token))
      const age = clock() - principal.asOf!
      ahead += LONGEST_MS - age
      expect(await accounts[1]!.identify(token)).toBeNull()
    })

    it('is asked of the table while Redis is away, and when it is empty', async () => {
      const { token } = await member()
      await shared(token)
      await server.restart()
      expect(await accounts[1]!.identify(token)).not.toBeNull()
      await server.kill()
      const principal = await known(token, 1)
      await accounts[0]!.module.door.signOut(callOf(principal), {})
      expect(await accounts[1]!.identify(token)).toBeNull()
      await server.restart()
    })
  }),
)
