import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Call, type Principal, systemCall } from '../../platform/contract/call.ts'
import type { Result } from '../../platform/contract/result.ts'
import { createLog } from '../../platform/log/log.ts'
import type { Passwords } from '../../platform/passwords/passwords.ts'
import type { PlatformTables } from '../../platform/sql/platform-tables.ts'
import { onEveryLedger } from '../../tests/support/engines.ts'
import { fixedLadders } from '../../tests/support/fixed-ladders.ts'
import { openScratchLedger, type ScratchLedger } from '../../tests/support/ledgers.ts'
import { type Account, accountSchema, createAccount } from './index.ts'
import { DAY, HOUR, MINUTE } from './limits.ts'
import type { AccountTables } from './tables.ts'

const PASSWORD = 'correct horse battery'
const TABLES = [
  'members',
  'member_roles',
  'member_addresses',
  'sessions',
  'account_tokens',
  'account_letters',
  'account_attempts',
  'channels',
  'channel_keys',
  'account_marks',
] as const

/** In place of Argon2: the same promises, no work. */
class PlainPasswords implements Passwords {
  full = false
  /** What was checked against, in order. */
  readonly checked: (string | null)[] = []
  async hash(password: string) {
    return { ok: true, value: `h:${password}` } as const
  }
  async matches(stored: string | null, password: string) {
    this.checked.push(stored)
    return { ok: true, value: stored === `h:${password}` } as const
  }
}

interface Letter {
  readonly mailId: string
  readonly to: string
  readonly template: string
  readonly token: string
  readonly link: string
}

onEveryLedger('account', engine => {
  let scratch: ScratchLedger
  let now: number
  let account: Account
  let passwords: PlainPasswords
  let letters: Letter[]
  let mailAway: boolean
  let forgotten: string[]

  const create = (ledger = scratch.ledger): Account =>
    createAccount({
      ledger,
      redis: null,
      prefixes: { redisPrefix: 'test' },
      ladders: fixedLadders({ 'session.read': 'sql' }),
      clock: () => now,
      log: createLog({ level: 'silent', name: 'test' }),
      settings: { lettersPerHour: 100 },
      passwords,
      notification: {
        async queueMail(_call, { mailId, to, template, data }) {
          if (mailAway) throw new Error('no mail today')
          if (!letters.some(letter => letter.mailId === mailId))
            letters.push({ mailId, to, template, token: data.token, link: data.link })
          return { ok: true, value: { mailId } }
        },
      },
      link: (purpose, token) => `https://shop.example/${purpose}?token=${token}`,
      forget: principalId => forgotten.push(principalId),
    })

  beforeAll(async () => {
    scratch = await openScratchLedger(engine, [accountSchema])
  })
  // Letters on their way would arrive in the next test.
  afterEach(() => account.module.drain())
  afterAll(() => scratch.drop())
  beforeEach(async () => {
    now = 1_800_000_000_000
    passwords = new PlainPasswords()
    letters = []
    mailAway = false
    forgotten = []
    account = create()
    await scratch.ledger.write<AccountTables & PlatformTables, void>(async tx => {
      for (const table of [...TABLES, 'audit', 'idempotency'] as const) await tx.deleteFrom(table).execute()
    })
  })

  const door = () => account.module.door
  const nobody: Principal = { kind: 'anonymous', id: 'anonymous', roles: [], channelId: null, email: null }
  const from = (address?: string, principal = nobody): Call => ({
    principal,
    requestId: 'test',
    deadline: now + 10_000,
    idempotency: null,
    ...(address === undefined ? {} : { address }),
  })
  const as = (principal: Principal): Call => from(undefined, principal)
  const system = () => systemCall('test', now)

  function value<T>(result: Result<T>): T {
    if (!result.ok) throw new Error(`refused: ${result.refusal.code}: ${result.refusal.detail}`)
    return result.value
  }
  const code = (result: Result<unknown>): string => (result.ok ? 'ok' : result.refusal.code)
  const codes = (results: readonly Result<unknown>[]) => results.map(code).sort()

  /** All items of all pages. */
  async function pages<T>(
    read: (cursor: { cursor?: string }) => Promise<{ items: readonly T[]; nextCursor: string | null }>,
  ): Promise<T[]> {
    const all: T[] = []
    let page = await read({})
    all.push(...page.items)
    while (page.nextCursor !== null) {
      page = await read({ cursor: page.nextCursor })
      all.push(...page.items)
    }
    return all
  }
  const newestFirst = (ids: readonly string[]) => [...ids].sort().reverse()

  const count = async (table: (typeof TABLES)[number]): Promise<number> => {
    const db = scratch.ledger.reads<AccountTables>()
    return (await db.selectFrom(table).selectAll().execute()).length
  }
  /** The token of the newest letter, once those on their way have arrived. */
  async function mailed(template: string): Promise<string> {
    await account.module.drain()
    const letter = letters.filter(each => each.template === template).at(-1)
    if (!letter) throw new Error(`no letter ${template}`)
    return letter.token
  }
  async function register(email: string): Promise<string> {
    const { memberId } = value(await door().register(from(), { email, password: PASSWORD }))
    value(await door().confirmEmail(from(), { token: await mailed('confirm') }))
    return memberId
  }
  const tryToSignIn = (email: string, password = PASSWORD, address?: string) =>
    door().signIn(from(address), { email, password })
  async function signIn(email: string, address?: string): Promise<{ token: string; principal: Principal }> {
    const { token } = value(await tryToSignIn(email, PASSWORD, address))
    return { token, principal: (await account.identify(token)) as Principal }
  }
  async function administrator(email: string): Promise<{ memberId: string; principal: Principal }> {
    const memberId = await register(email)
    value(await door().grantRole(system(), { memberId, role: 'administrator' }))
    return { memberId, principal: (await signIn(email)).principal }
  }
  async function channel(): Promise<{ channelId: string; key: string; principal: Principal }> {
    const { channelId } = value(await door().createChannel(system(), { name: 'Till 1' }))
    const { key } = value(await door().issueChannelKey(system(), { channelId }))
    return { channelId, key, principal: (await account.identifyChannel(key)) as Principal }
  }

  describe('registering', () => {
    test('opens an account that works once its address is confirmed', async () => {
      const input = { email: '  Kim@Example.COM ', password: PASSWORD, name: '김민준' }
      const { memberId, email } = value(await door().register(from(), input))
      expect(email).toBe('kim@example.com')
      expect(code(await tryToSignIn('kim@example.com'))).toBe('email_unconfirmed')
      const token = await mailed('confirm')
      expect(letters).toEqual([expect.objectContaining({ to: 'kim@example.com' })])
      expect(letters[0]?.link).toBe(`https://shop.example/confirm?token=${token}`)
      expect(value(await door().confirmEmail(from(), { token }))).toEqual({ memberId })
      const { principal } = await signIn('KIM@example.com')
      expect(principal).toMatchObject({ kind: 'member', id: memberId, roles: ['customer'], email })
      expect(value(await door().me(as(principal), {}))).toMatchObject({ name: '김민준', email })
    })

    test('gives an address to one of any number who ask at once', async () => {
      const input = { email: 'kim@example.com', password: PASSWORD }
      const all = await Promise.all(Array.from({ length: 8 }, () => door().register(from(), input)))
      expect(codes(all)).toEqual([...Array(7).fill('email_taken'), 'ok'])
      expect(await count('members')).toBe(1)
    })

    test('is refused where no password can be hashed now, and where an address causes too many mails', async () => {
      passwords.full = true
      const input = { email: 'kim@example.com', password: PASSWORD }
      expect(code(await door().register(from(), input))).toBe('overloaded')
      passwords.full = false
      for (let i = 0; i < 100; i++)
        value(await door().register(from('192.0.2.9'), { ...input, email: `k${i}@example.com` }))
      const refused = await door().register(from('192.0.2.9'), { ...input, email: 'one@example.com' })
      expect(refused).toMatchObject({ refusal: { code: 'too_many_attempts', retryAfter: 3_600 } })
      expect(code(await door().register(from('192.0.2.8'), { ...input, email: 'two@example.com' }))).toBe(
        'ok',
      )
    })

    test('an address that grows beyond the column in lower case is refused, not broken', async () => {
      const email = `${'İ'.repeat(150)}@example.com`
      expect(code(await door().register(from(), { email, password: PASSWORD }))).toBe('invalid_request')
    })

    test('the mail is sent later if it cannot be handed over now, and once', async () => {
      mailAway = true
      value(await door().register(from(), { email: 'kim@example.com', password: PASSWORD }))
      await account.module.drain()
      const [sweep] = account.module.sweeps
      now += 29_000
      expect(await sweep!.run(now)).toBe(0)
      now += 2_000
      expect(await sweep!.run(now)).toBe(1)
      expect(letters).toEqual([])
      mailAway = false
      now += 2 * MINUTE
      expect(await sweep!.run(now)).toBe(1)
      expect(letters).toHaveLength(1)
      value(await door().confirmEmail(from(), { token: letters[0]!.token }))
      now += 2 * MINUTE
      expect(await sweep!.run(now)).toBe(0)
    })
  })

  describe('tokens in mails', () => {
    test('work once, however many use them at once', async () => {
      await door().register(from(), { email: 'kim@example.com', password: PASSWORD })
      const token = await mailed('confirm')
      const all = await Promise.all(Array.from({ length: 8 }, () => door().confirmEmail(from(), { token })))
      expect(codes(all)).toEqual(['ok', ...Array(7).fill('token_invalid')])
    })

    test('a reset token too', async () => {
      await register('kim@example.com')
      await door().requestPasswordReset(from(), { email: 'kim@example.com' })
      const token = await mailed('reset')
      const all = await Promise.all(
        Array.from({ length: 8 }, (_, i) =>
          door().resetPassword(from(), { token, password: `new password ${i}` }),
        ),
      )
      expect(codes(all)).toEqual(['ok', ...Array(7).fill('token_invalid')])
      const winner = all.findIndex(result => result.ok)
      expect(code(await tryToSignIn('kim@example.com', `new password ${winner}`))).toBe('ok')
    })

    test('are for one purpose, and for their time', async () => {
      await door().register(from(), { email: 'kim@example.com', password: PASSWORD })
      const confirm = await mailed('confirm')
      await door().requestPasswordReset(from(), { email: 'kim@example.com' })
      const reset = await mailed('reset')
      expect(code(await door().confirmEmail(from(), { token: reset }))).toBe('token_invalid')
      expect(code(await door().resetPassword(from(), { token: confirm, password: PASSWORD }))).toBe(
        'token_invalid',
      )
      now += HOUR
      expect(code(await door().resetPassword(from(), { token: reset, password: PASSWORD }))).toBe(
        'token_invalid',
      )
      now += 22 * HOUR
      expect(code(await door().confirmEmail(from(), { token: confirm }))).toBe('ok')
    })

    test('are not in the ledger', async () => {
      await door().register(from(), { email: 'kim@example.com', password: PASSWORD })
      const token = await mailed('confirm')
      const rows = await scratch.ledger
        .reads<AccountTables>()
        .selectFrom('account_tokens')
        .selectAll()
        .execute()
      expect(rows).toHaveLength(1)
      expect(JSON.stringify(rows)).not.toContain(token)
    })

    test('asking for mails says the same whether there is an account or not, and sends three an hour', async () => {
      await register('kim@example.com')
      letters = []
      for (let i = 0; i < 5; i++) {
        for (const email of ['kim@example.com', 'nobody@example.com']) {
          expect(value(await door().requestPasswordReset(from(), { email }))).toEqual({})
          expect(value(await door().requestConfirmation(from(), { email }))).toEqual({})
        }
      }
      await account.module.drain()
      expect(letters.map(letter => [letter.to, letter.template])).toEqual(
        Array(3).fill(['kim@example.com', 'reset']),
      )
    })

    test('the confirmation mail comes again for who needs it', async () => {
      await door().register(from(), { email: 'kim@example.com', password: PASSWORD })
      await door().requestConfirmation(from(), { email: 'kim@example.com' })
      await account.module.drain()
      expect(letters.map(letter => letter.template)).toEqual(['confirm', 'confirm'])
      expect(code(await door().confirmEmail(from(), { token: letters[0]!.token }))).toBe('ok')
    })
  })

  describe('signing in', () => {
    test('fails the same way for a wrong password, nobody and an imported member, after the same work', async () => {
      await register('kim@example.com')
      await door().importMembers(system(), { members: [{ ref: '17850' }] })
      const failures = [
        await tryToSignIn('kim@example.com', 'wrong'),
        await tryToSignIn('nobody@example.com', 'wrong'),
        await tryToSignIn('17850', 'wrong'),
      ]
      for (const failure of failures) expect(failure).toEqual(failures[0])
      expect(passwords.checked).toEqual([`h:${PASSWORD}`, null, null])
      expect(code(failures[0]!)).toBe('bad_credentials')
    })

    test('no more than ten passwords of any number at once are tried on an account', async () => {
      await register('kim@example.com')
      const all = await Promise.all(
        Array.from({ length: 30 }, (_, i) => tryToSignIn('kim@example.com', 'wrong', `192.0.2.${i}`)),
      )
      expect(codes(all)).toEqual([
        ...Array(10).fill('bad_credentials'),
        ...Array(20).fill('too_many_attempts'),
      ])
      expect(passwords.checked).toHaveLength(10)
      const refused = await tryToSignIn('kim@example.com', PASSWORD, '192.0.2.99')
      expect(refused).toMatchObject({ refusal: { code: 'too_many_attempts', retryAfter: 900 } })
      now += 15 * MINUTE
      expect(code(await tryToSignIn('kim@example.com'))).toBe('ok')
    })

    test('the limit says nothing about whether there is an account', async () => {
      const tries = Array.from({ length: 11 }, () => tryToSignIn('nobody@example.com', 'wrong'))
      expect(codes(await Promise.all(tries)).filter(each => each === 'too_many_attempts')).toHaveLength(1)
    })

    test('an address that tries many accounts is stopped, others and those known there are not', async () => {
      await register('kim@example.com')
      await register('lee@example.com')
      await signIn('kim@example.com', '192.0.2.1')
      for (let i = 0; i < 50; i++) await tryToSignIn(`n${i}@example.com`, 'wrong', '192.0.2.1')
      expect(code(await tryToSignIn('lee@example.com', PASSWORD, '192.0.2.1'))).toBe('too_many_attempts')
      expect(code(await tryToSignIn('lee@example.com', PASSWORD, '192.0.2.2'))).toBe('ok')
      expect(code(await tryToSignIn('kim@example.com', PASSWORD, '192.0.2.1'))).toBe('ok')
    })

    test('strangers who fail for ever do not lock the owner out', async () => {
      await register('kim@example.com')
      const home = '192.0.2.1'
      await signIn('kim@example.com', home)
      const besiege = () =>
        Promise.all(
          Array.from({ length: 12 }, (_, i) => tryToSignIn('kim@example.com', 'wrong', `203.0.113.${i}`)),
        )
      for (let day = 0; day < 3; day++) {
        await besiege()
        expect(code(await tryToSignIn('kim@example.com', PASSWORD, home))).toBe('ok')
        now += 15 * MINUTE
      }
      // From a new place: by mail.
      await besiege()
      expect(code(await tryToSignIn('kim@example.com', PASSWORD, '198.51.100.7'))).toBe('too_many_attempts')
      await door().requestPasswordReset(from('198.51.100.7'), { email: 'kim@example.com' })
      const token = await mailed('reset')
      value(await door().resetPassword(from('198.51.100.7'), { token, password: PASSWORD }))
      await besiege()
      expect(code(await tryToSignIn('kim@example.com', PASSWORD, '198.51.100.7'))).toBe('ok')
    })

    test('who succeeds is not counted', async () => {
      await register('kim@example.com')
      for (let i = 0; i < 25; i++)
        expect(code(await tryToSignIn('kim@example.com', PASSWORD, '192.0.2.1'))).toBe('ok')
      expect(await count('sessions')).toBe(20)
      expect(await count('account_attempts')).toBe(0)
    })
  })

  describe('sessions', () => {
    test('of them only a hash is kept', async () => {
      await register('kim@example.com')
      const { token } = await signIn('kim@example.com')
      expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/)
      const rows = await scratch.ledger.reads<AccountTables>().selectFrom('sessions').selectAll().execute()
      expect(JSON.stringify(rows)).not.toContain(token)
      expect(await account.identify(rows[0]!.token_hash)).toBeNull()
      expect(await account.identify('nonsense')).toBeNull()
    })

    test('many are found at once, each its own', async () => {
      const tokens: string[] = []
      const ids: string[] = []
      for (let i = 0; i < 5; i++) {
        ids.push(await register(`k${i}@example.com`))
        tokens.push((await signIn(`k${i}@example.com`)).token)
      }
      const found = await Promise.all(
        [...tokens, ...tokens, 'x'.repeat(43)].map(token => account.identify(token)),
      )
      expect(found.map(principal => principal?.id ?? null)).toEqual([...ids, ...ids, null])
    })

    test('last 30 days, 7 unused, and are kept alive by one write in ten minutes', async () => {
      await register('kim@example.com')
      const { token } = await signIn('kim@example.com')
      const seen = async () => {
        const db = scratch.ledger.reads<AccountTables>()
        return (await db.selectFrom('sessions').select('last_seen_at').executeTakeFirstOrThrow()).last_seen_at
      }
      const began = now
      now += 10 * MINUTE - 1
      await account.identify(token)
      expect(await seen()).toBe(began)
      now += 1
      await Promise.all([account.identify(token), account.identify(token)])
      expect(await seen()).toBe(now)
      for (let days = 0; days < 28; days += 4) {
        now += 4 * DAY
        expect(await account.identify(token)).not.toBeNull()
      }
      now = began + 30 * DAY
      expect(await account.identify(token)).toBeNull()
      const { token: unused } = await signIn('kim@example.com')
      now += 7 * DAY
      expect(await account.identify(unused)).toBeNull()
    })

    test('are listed and ended, one, all, or this one', async () => {
      const memberId = await register('kim@example.com')
      const [one, two, three] = [
        await signIn('kim@example.com'),
        await signIn('kim@example.com'),
        await signIn('kim@example.com'),
      ]
      const { sessions } = value(await door().listSessions(as(two.principal), {}))
      expect(sessions).toHaveLength(3)
      expect(sessions.filter(session => session.current).map(session => session.sessionId)).toEqual([
        two.principal.sessionId,
      ])
      const sessionId = one.principal.sessionId as string
      expect(code(await door().revokeSession(as(two.principal), { sessionId }))).toBe('ok')
      expect(code(await door().revokeSession(as(two.principal), { sessionId }))).toBe('not_found')
      expect(await account.identify(one.token)).toBeNull()
      expect(forgotten).toContain(memberId)
      value(await door().signOut(as(two.principal), {}))
      expect(await account.identify(two.token)).toBeNull()
      expect(value(await door().revokeAllSessions(as(three.principal), {}))).toEqual({ revoked: 1 })
      expect(await account.identify(three.token)).toBeNull()
    })

    test('of others cannot be ended', async () => {
      await register('kim@example.com')
      await register('lee@example.com')
      const [kim, lee] = [await signIn('kim@example.com'), await signIn('lee@example.com')]
      const sessionId = kim.principal.sessionId as string
      expect(code(await door().revokeSession(as(lee.principal), { sessionId }))).toBe('not_found')
      expect(await account.identify(kim.token)).not.toBeNull()
    })

    test('end when the password is reset, and others when it is changed', async () => {
      await register('kim@example.com')
      const [one, two] = [await signIn('kim@example.com'), await signIn('kim@example.com')]
      const change = { password: PASSWORD, newPassword: 'quite another one' }
      expect(value(await door().changePassword(as(one.principal), change))).toEqual({ revoked: 1 })
      expect(await account.identify(two.token)).toBeNull()
      expect(await account.identify(one.token)).not.toBeNull()
      expect(code(await door().changePassword(as(one.principal), change))).toBe('bad_credentials')
      await door().requestPasswordReset(from(), { email: 'kim@example.com' })
      const token = await mailed('reset')
      value(await door().resetPassword(from(), { token, password: PASSWORD }))
      expect(await account.identify(one.token)).toBeNull()
      expect(code(await tryToSignIn('kim@example.com'))).toBe('ok')
    })

    test('none begins with a password that was replaced while it was checked', async () => {
      await register('kim@example.com')
      await door().requestPasswordReset(from(), { email: 'kim@example.com' })
      const token = await mailed('reset')
      const check = passwords.matches.bind(passwords)
      passwords.matches = async (stored, password) => {
        const matches = await check(stored, password)
        value(await door().resetPassword(from(), { token, password: 'quite another one' }))
        return matches
      }
      expect(code(await tryToSignIn('kim@example.com'))).toBe('bad_credentials')
      expect(await count('sessions')).toBe(0)
    })

    test('who found one open cannot guess the password in it', async () => {
      await register('kim@example.com')
      const { principal } = await signIn('kim@example.com')
      const guess = { password: 'wrong', newPassword: 'quite another one' }
      const all = await Promise.all(
        Array.from({ length: 15 }, () => door().changePassword(as(principal), guess)),
      )
      expect(codes(all)).toEqual([
        ...Array(10).fill('bad_credentials'),
        ...Array(5).fill('too_many_attempts'),
      ])
    })
  })

  describe('roles', () => {
    test('are granted to confirmed addresses, bite at once, and leave a trail', async () => {
      const admin = await administrator('admin@example.com')
      const memberId = await register('kim@example.com')
      const { token } = await signIn('kim@example.com')
      const role = 'operator' as const
      value(await door().grantRole(as(admin.principal), { memberId, role }))
      expect(value(await door().grantRole(as(admin.principal), { memberId, role })).roles).toEqual([
        'customer',
        'operator',
      ])
      expect((await account.identify(token))?.roles).toEqual(['customer', 'operator'])
      value(await door().revokeRole(as(admin.principal), { memberId, role }))
      expect((await account.identify(token))?.roles).toEqual(['customer'])
      const { acts } = value(await door().auditTrail(as(admin.principal), { actor: admin.memberId }))
      expect(acts.map(act => [act.operation, act.subject, act.detail])).toEqual([
        ['account.revokeRole', memberId, { role }],
        ['account.grantRole', memberId, { role }],
      ])
      expect(forgotten).toContain(memberId)
    })

    test('are not for strangers or imported members', async () => {
      const role = 'operator' as const
      expect(code(await door().grantRole(system(), { memberId: 'm_none', role }))).toBe('not_found')
      expect(code(await door().revokeRole(system(), { memberId: 'm_none', role }))).toBe('not_found')
      const { members } = value(await door().importMembers(system(), { members: [{ ref: '1' }] }))
      const { memberId } = members[0]!
      expect(code(await door().grantRole(system(), { memberId, role }))).toBe('email_unconfirmed')
    })

    test('the last administrator stays, also of two who revoke each other at once', async () => {
      const one = await administrator('one@example.com')
      const role = 'administrator' as const
      expect(code(await door().revokeRole(as(one.principal), { memberId: one.memberId, role }))).toBe(
        'last_administrator',
      )
      const two = await administrator('two@example.com')
      for (let round = 0; round < 5; round++) {
        const results = await Promise.all([
          door().revokeRole(as(one.principal), { memberId: two.memberId, role }),
          door().revokeRole(as(two.principal), { memberId: one.memberId, role }),
        ])
        expect(codes(results)).toEqual(['last_administrator', 'ok'])
        for (const { memberId } of [one, two]) value(await door().grantRole(system(), { memberId, role }))
      }
    })

    test('members are listed by pages, by role, and found by address or reference', async () => {
      const { members: imported } = value(
        await door().importMembers(system(), { members: [{ ref: 'A' }, { ref: 'B' }, { ref: 'C' }] }),
      )
      const admin = await administrator('admin@example.com')
      const seen = await pages(async cursor => {
        const { members, nextCursor } = value(await door().listMembers(system(), { limit: 3, ...cursor }))
        return { items: members.map(member => member.memberId), nextCursor }
      })
      expect(seen).toEqual(newestFirst([admin.memberId, ...imported.map(member => member.memberId)]))
      const admins = value(await door().listMembers(system(), { role: 'administrator' }))
      expect(admins.members).toEqual([
        expect.objectContaining({
          memberId: admin.memberId,
          roles: ['customer', 'administrator'],
          confirmed: true,
        }),
      ])
      const byRef = value(await door().listMembers(system(), { memberRef: 'B' }))
      expect(byRef.members.map(member => member.memberId)).toEqual([imported[1]!.memberId])
      const byEmail = value(await door().listMembers(system(), { email: 'ADMIN@example.com' }))
      expect(byEmail.members).toHaveLength(1)
      expect(value(await door().listMembers(system(), { email: 'x@y', memberRef: 'B' })).members).toEqual([])
      expect(code(await door().listMembers(system(), { cursor: 'nonsense' }))).toBe('invalid_request')
    })
  })

  test('the first administrator is made once, by whoever comes first', async () => {
    const all = await Promise.all(
      Array.from({ length: 5 }, (_, i) =>
        door().bootstrapAdministrator(system(), { email: `a${i}@example.com` }),
      ),
    )
    const made = all.map(value).filter(each => each.created)
    expect(made).toHaveLength(1)
    expect(await count('members')).toBe(1)
    const { members } = value(await door().listMembers(system(), {}))
    const signedIn = await tryToSignIn(members[0]!.email as string, made[0]!.password as string)
    expect(value(signedIn).roles).toEqual(['customer', 'administrator'])
    const again = value(await door().bootstrapAdministrator(system(), { email: 'a0@example.com' }))
    expect(again).toEqual({ created: false, password: null })
  })

  test('members are imported once by their reference, also by two imports at once', async () => {
    const members = Array.from({ length: 300 }, (_, i) => ({ ref: String(10_000 + i) }))
    const both = await Promise.all([
      door().importMembers(system(), { members }),
      door().importMembers(system(), { members: [...members].reverse() }),
    ])
    const [one, two] = both.map(value)
    expect(one!.created + two!.created).toBe(300)
    expect(new Map(one!.members.map(each => [each.ref, each.memberId]))).toEqual(
      new Map(two!.members.map(each => [each.ref, each.memberId])),
    )
    const named = { ref: '10000', name: 'Kim' }
    expect(value(await door().importMembers(system(), { members: [named] })).created).toBe(0)
    value(await door().importMembers(system(), { members: [{ ref: '10000' }] }))
    const found = value(await door().listMembers(system(), { memberRef: '10000' }))
    expect(found.members).toEqual([expect.objectContaining({ name: 'Kim', email: null, confirmed: false })])
  })

  describe('sales channels', () => {
    test('a key is shown once; a new one leaves the old one its overlap', async () => {
      const { channelId, key, principal } = await channel()
      expect(key).toMatch(/^lvk_[A-Za-z0-9_-]{43}$/)
      expect(principal).toEqual({
        kind: 'channel',
        id: channelId,
        roles: ['channel'],
        channelId,
        email: null,
      })
      const { key: second } = value(await door().issueChannelKey(system(), { channelId }))
      now += 12 * HOUR
      // A third does not lengthen the first one's time.
      const { key: third } = value(await door().issueChannelKey(system(), { channelId }))
      now += 12 * HOUR - 1
      for (const each of [key, second, third]) expect(await account.identifyChannel(each)).toEqual(principal)
      now += 1
      expect(await account.identifyChannel(key)).toBeNull()
      expect(await account.identifyChannel(second)).toEqual(principal)
      const { key: fourth } = value(await door().issueChannelKey(system(), { channelId, overlapSeconds: 0 }))
      for (const each of [second, third]) expect(await account.identifyChannel(each)).toBeNull()
      expect(await account.identifyChannel(fourth)).toEqual(principal)
      const listed = JSON.stringify(value(await door().listChannels(system(), {})))
      const stored = await scratch.ledger
        .reads<AccountTables>()
        .selectFrom('channel_keys')
        .selectAll()
        .execute()
      for (const each of [key, second, third, fourth])
        expect(listed + JSON.stringify(stored)).not.toContain(each)
    })

    test('of keys issued at once without an overlap one is left', async () => {
      const { channelId } = await channel()
      const issued = await Promise.all(
        Array.from({ length: 5 }, () => door().issueChannelKey(system(), { channelId, overlapSeconds: 0 })),
      )
      const working = await Promise.all(issued.map(each => account.identifyChannel(value(each).key)))
      expect(working.filter(principal => principal !== null)).toHaveLength(1)
    })

    test('a revoked key is dead at once, with every token of its channel, and the others live', async () => {
      const { channelId, key, principal } = await channel()
      const other = await channel()
      const guest = { guest: true } as const
      const { token } = value(await door().exchangeToken(as(principal), guest))
      const { token: others } = value(await door().exchangeToken(as(other.principal), guest))
      const { channels } = value(await door().listChannels(system(), {}))
      const { keyId } = channels.find(each => each.channelId === channelId)!.keys[0]!
      now += 1
      const { key: second } = value(await door().issueChannelKey(system(), { channelId }))
      const revoked = value(await door().revokeChannelKey(system(), { channelId, keyId }))
      expect(revoked.revokedAt).toBe(now)
      expect(value(await door().revokeChannelKey(system(), { channelId, keyId }))).toEqual(revoked)
      expect(await account.identifyChannel(key)).toBeNull()
      expect(await account.identify(token)).toBeNull()
      expect(await account.identifyChannel(second)).not.toBeNull()
      expect(await account.identify(others)).not.toBeNull()
      expect(forgotten).toContain(channelId)
      now += 1
      const { token: fresh } = value(await door().exchangeToken(as(principal), guest))
      expect(await account.identify(fresh)).not.toBeNull()
      expect(code(await door().revokeChannelKey(system(), { channelId: other.channelId, keyId }))).toBe(
        'not_found',
      )
    })

    test('a repeat with the same key makes one channel', async () => {
      const call = { ...system(), idempotency: { id: 'k', fingerprint: 'f' } }
      const one = value(await door().createChannel(call, { name: 'Till' }))
      expect(value(await door().createChannel(call, { name: 'Till' }))).toEqual(one)
      expect(await count('channels')).toBe(1)
      expect(code(await door().issueChannelKey(system(), { channelId: 'c_none' }))).toBe('not_found')
    })

    test('are listed by pages', async () => {
      const ids: string[] = []
      for (let i = 0; i < 3; i++) ids.push((await channel()).channelId)
      const seen = await pages(async cursor => {
        const { channels, nextCursor } = value(await door().listChannels(system(), { limit: 2, ...cursor }))
        return { items: channels.map(each => each.channelId), nextCursor }
      })
      expect(seen).toEqual(newestFirst(ids))
    })
  })

  describe('exchanging tokens', () => {
    test('a member, by reference or id, with a customer’s rights only, for an hour', async () => {
      const { channelId, principal } = await channel()
      const { members } = value(await door().importMembers(system(), { members: [{ ref: '17850' }] }))
      const { memberId } = members[0]!
      const { token, principalId, expiresAt } = value(
        await door().exchangeToken(as(principal), { memberRef: '17850' }),
      )
      expect(principalId).toBe(memberId)
      expect(await account.identify(token)).toMatchObject({ kind: 'member', id: memberId, channelId })
      const admin = await administrator('admin@example.com')
      const asAdmin = value(await door().exchangeToken(as(principal), { memberId: admin.memberId }))
      expect(await account.identify(asAdmin.token)).toMatchObject({ id: admin.memberId, roles: ['customer'] })
      now = expiresAt
      expect(await account.identify(token)).toBeNull()
    })

    test('a guest is the same one by the same name, and another for another channel', async () => {
      const one = await channel()
      const two = await channel()
      const exchange = async (of: typeof one, input: { guestRef: string } | { guest: true }) =>
        value(await door().exchangeToken(as(of.principal), input))
      const [first, again, elsewhere] = [
        await exchange(one, { guestRef: '536365' }),
        await exchange(one, { guestRef: '536365' }),
        await exchange(two, { guestRef: '536365' }),
      ]
      expect(first.principalId).toMatch(/^g_[A-Za-z0-9_-]{22}$/)
      expect(again.principalId).toBe(first.principalId)
      expect(again.token).not.toBe(first.token)
      expect(elsewhere.principalId).not.toBe(first.principalId)
      const [x, y] = [await exchange(one, { guest: true }), await exchange(one, { guest: true })]
      expect(x.principalId).not.toBe(y.principalId)
      expect(await account.identify(first.token)).toMatchObject({
        kind: 'guest',
        id: first.principalId,
        roles: [],
        channelId: one.channelId,
      })
    })

    test('is for channels, for one customer, whom there is', async () => {
      const { principal } = await channel()
      await register('kim@example.com')
      const { principal: member } = await signIn('kim@example.com')
      const exchange = (who: Principal, input: Parameters<ReturnType<typeof door>['exchangeToken']>[1]) =>
        door().exchangeToken(as(who), input).then(code)
      expect(await exchange(member, { guest: true })).toBe('forbidden')
      expect(await exchange(principal, {})).toBe('invalid_request')
      expect(await exchange(principal, { guest: true, memberRef: '1' })).toBe('invalid_request')
      expect(await exchange(principal, { memberRef: 'unknown' })).toBe('not_found')
      expect(await exchange(principal, { memberId: 'm_unknown' })).toBe('not_found')
      expect(await count('sessions')).toBe(1)
    })

    test('leaves one trail a token', async () => {
      const { channelId, principal } = await channel()
      const { token, principalId, sessionId } = value(
        await door().exchangeToken(as(principal), { guestRef: '1' }),
      )
      for (let i = 0; i < 3; i++) await account.identify(token)
      const { acts } = value(await door().auditTrail(system(), { channelId }))
      expect(acts).toEqual([
        expect.objectContaining({
          actor: channelId,
          operation: 'account.exchangeToken',
          subject: principalId,
          detail: { sessionId },
        }),
      ])
    })

    test('the account behind a customer is none of the channel’s business', async () => {
      const { principal } = await channel()
      const memberId = await register('kim@example.com')
      const own = await signIn('kim@example.com')
      const { token } = value(await door().exchangeToken(as(principal), { memberId }))
      const spoken = (await account.identify(token)) as Principal
      const sessionId = own.principal.sessionId as string
      const change = { password: PASSWORD, newPassword: 'quite another one' }
      const refused = [
        await door().listSessions(as(spoken), {}),
        await door().revokeSession(as(spoken), { sessionId }),
        await door().revokeAllSessions(as(spoken), {}),
        await door().changePassword(as(spoken), change),
      ]
      expect(codes(refused)).toEqual(Array(4).fill('forbidden'))
      // The member sees it and may end it; the channel may end its own token.
      const { sessions } = value(await door().listSessions(as(own.principal), {}))
      expect(sessions.map(session => session.channelId)).toContain(principal.id)
      value(await door().signOut(as(spoken), {}))
      expect(await account.identify(token)).toBeNull()
      expect(await account.identify(own.token)).not.toBeNull()
    })
  })

  test('the audit trail goes by pages and never looks through all of it at once', async () => {
    const { principal } = await channel()
    for (let i = 0; i < 7; i++) value(await door().exchangeToken(as(principal), { guestRef: String(i) }))
    const seen = await pages(async cursor => {
      const { acts, nextCursor } = value(await door().auditTrail(system(), { limit: 3, ...cursor }))
      return { items: acts.map(act => act.detail.sessionId), nextCursor }
    })
    expect(seen).toHaveLength(7)
    expect(new Set(seen).size).toBe(7)
    expect(value(await door().auditTrail(system(), { actor: 'nobody' })).acts).toEqual([])
    expect(code(await door().auditTrail(system(), { cursor: 'nonsense' }))).toBe('invalid_request')
  })

  test('nothing that has ended stays, and what lives is left alone', async () => {
    await register('kim@example.com')
    await signIn('kim@example.com', '192.0.2.1')
    await tryToSignIn('kim@example.com', 'wrong', '192.0.2.2')
    await door().requestPasswordReset(from(), { email: 'kim@example.com' })
    await account.module.drain()
    const { channelId } = await channel()
    value(await door().issueChannelKey(system(), { channelId }))
    const sweep = account.module.sweeps.find(each => each.name === 'account.retention')!
    expect(await sweep.run(now)).toBe(0)
    now += DAY
    expect(await sweep.run(now)).toBeGreaterThan(0)
    expect(await count('account_attempts')).toBe(0)
    expect(await count('account_tokens')).toBe(0)
    expect(await count('sessions')).toBe(1)
    now += 31 * DAY
    await sweep.run(now)
    expect(await count('sessions')).toBe(0)
    expect(await count('channel_keys')).toBe(1)
    expect(await count('member_addresses')).toBe(1)
    now += 60 * DAY
    await sweep.run(now)
    expect(await count('member_addresses')).toBe(0)
    expect(await count('members')).toBe(1)
  })

  test('a run of the retention is bounded', async () => {
    const { principal } = await channel()
    const rows = Array.from({ length: 700 }, (_, i) => ({ subject: `s${i}`, count: 1, ends_at: now }))
    await scratch.ledger.write<AccountTables, unknown>(tx =>
      tx.insertInto('account_attempts').values(rows).execute(),
    )
    value(await door().exchangeToken(as(principal), { guest: true }))
    const sweep = account.module.sweeps.find(each => each.name === 'account.retention')!
    expect(await sweep.run(now)).toBe(500)
    expect(await sweep.run(now)).toBe(200)
    expect(await count('sessions')).toBe(1)
  })
})
