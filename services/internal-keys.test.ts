import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { loadConfig } from '../platform/config/load-config.ts'
import { Signer, Verifier } from '../platform/rpc/identity.ts'
import type { KeyRing } from '../platform/rpc/key-ring.ts'
import { internalKeys, keyFile, rotateKeys } from './internal-keys.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'levee-keys-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const ring = (keys?: string): KeyRing =>
  internalKeys(
    loadConfig({
      folder,
      env: {},
      overrides: { 'data.folder': folder, ...(keys === undefined ? {} : { 'internal.keys': keys }) },
    }),
  )
const body = '[]'
/** What a receiver with `theirs` says to a call signed with `ours`. */
const taken = (ours: KeyRing, theirs: KeyRing) =>
  new Verifier(theirs, Date.now).check(new Signer('asker', ours, Date.now).headers(body), Buffer.from(body))

it('services that share a folder know each other from the first start, for their owner’s eyes only', () => {
  expect(taken(ring(), ring())).toEqual({ service: 'asker' })
  expect(statSync(keyFile(folder)).mode & 0o777).toBe(0o600)
})

it('a rotation reaches running services: the new key signs, the one before is taken, older ones are not', async () => {
  const [sender, receiver, idle] = [ring(), ring(), ring()]
  const first = sender.current()
  const kid = rotateKeys(folder)
  expect(JSON.parse(readFileSync(keyFile(folder), 'utf8'))).toMatchObject({
    current: { kid },
    previous: { kid: first.kid },
  })
  // Who has not looked yet signs with the old one, and meets somebody who has.
  expect(taken(idle, ring())).toEqual({ service: 'asker' })
  await expect.poll(() => sender.current().kid, { timeout: 20_000 }).toBe(kid)
  // Who has not looked yet meets the new one, and looks.
  await expect.poll(() => taken(sender, receiver), { timeout: 20_000 }).toEqual({ service: 'asker' })
  rotateKeys(folder)
  await expect.poll(() => receiver.find(first.kid), { timeout: 20_000 }).toBeNull()
  expect(receiver.find(kid)).not.toBeNull()
})

it('a deployment names its keys: the first signs, all are taken', () => {
  const [a, b] = ['a'.repeat(43), 'b'.repeat(43)]
  const [before, between, after] = [ring(`old:${a},new:${b}`), ring(`new:${b},old:${a}`), ring(`new:${b}`)]
  expect(before.current().kid).toBe('old')
  expect(taken(before, between)).toEqual({ service: 'asker' })
  expect(taken(between, before)).toEqual({ service: 'asker' })
  expect(taken(before, after)).toBe('unknown key')
  expect(() => ring('old:short')).toThrow(/internal.keys/)
})
