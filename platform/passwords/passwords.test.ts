import { parseOptions } from '@node-rs/argon2'
import { expect, test } from 'vitest'
import { createPasswords } from './passwords.ts'

const LATER = Number.MAX_SAFE_INTEGER
const passwords = () => createPasswords(() => 0)

async function hashed(password: string): Promise<string> {
  const result = await passwords().hash(password, LATER)
  if (!result.ok) throw new Error(result.refusal.code)
  return result.value
}

test('what is stored is Argon2id with the parameters of OWASP, and salted', async () => {
  const [one, other] = await Promise.all([hashed('correct horse'), hashed('correct horse')])
  expect(one).toMatch(/^\$argon2id\$/)
  expect(parseOptions(one)).toMatchObject({ memoryCost: 19_456, timeCost: 2, parallelism: 1 })
  expect(one).not.toBe(other)
})

test('right and wrong, and a Korean password however it was composed', async () => {
  const stored = await hashed('비밀번호는-길게')
  const check = (password: string) => passwords().matches(stored, password, LATER)
  expect(await check('비밀번호는-길게'.normalize('NFD'))).toEqual({ ok: true, value: true })
  expect(await check('비밀번호는-짧게')).toEqual({ ok: true, value: false })
})

test('nobody has no password, and that takes as long', async () => {
  const subject = passwords()
  const stored = await hashed('correct horse')
  /** CPU time of one check, all threads, µs: other load on the machine does not count. */
  const cost = async (hash: string | null): Promise<number> => {
    const before = process.cpuUsage()
    expect(await subject.matches(hash, 'wrong horse', LATER)).toEqual({ ok: true, value: false })
    const { user, system } = process.cpuUsage(before)
    return user + system
  }
  const costs: [real: number, nobody: number][] = []
  for (let i = 0; i < 10; i++) costs.push([await cost(stored), await cost(null)])
  const real = Math.min(...costs.map(pair => pair[0]))
  const nobody = Math.min(...costs.map(pair => pair[1]))
  // A check that was left out would cost a hundredth; the least of ten is free of what happened beside.
  expect(Math.max(real, nobody) / Math.min(real, nobody)).toBeLessThan(3)
})

test('two at a time, a hundred waiting, the rest turned away at once; all turns are given back', async () => {
  const subject = passwords()
  const many = Array.from({ length: 105 }, () => subject.matches(null, 'any password', LATER))
  expect(subject.full).toBe(true)
  const results = await Promise.all(many)
  expect(results.filter(result => result.ok)).toHaveLength(102)
  expect(results.slice(102).map(result => !result.ok && result.refusal.code)).toEqual(
    Array(3).fill('overloaded'),
  )
  expect(subject.full).toBe(false)
  expect(await subject.matches(null, 'any password', LATER)).toEqual({ ok: true, value: false })
})

test('whoever waited past the deadline gets no hash', async () => {
  const late = await createPasswords(() => 1_000).hash('correct horse', 1_000)
  expect(late).toMatchObject({ ok: false, refusal: { code: 'deadline_exceeded' } })
})
