// The operator as a process, beside a shop and a real Redis that `levee engines` runs: Redis is killed, and then it is there again,
// people were told once, and all of it is written down. Then the operator is killed over the next one.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findProgram } from '../../platform/engines/find-program.ts'
import { redis as redisEngine } from '../../platform/engines/redis/redis.ts'
import { engineDown, engineStatus, engineUp } from '../../platform/engines/standing.ts'
import { PagerdutyReceiver, ROUTING_KEY } from '../support/receivers/pagerduty.ts'
import { ACCOUNT, AUTH_TOKEN, FROM, TwilioReceiver } from '../support/receivers/twilio.ts'
import { type RunningShop, ShopPlace } from '../support/shop.ts'

const LAUNCHER = path.resolve(import.meta.dirname, '../../services/levee.js')
const CONTACTS = path.resolve(import.meta.dirname, '../../docs/examples/contacts.example.json')
/** A fault, an act and its verification on a machine that does other things too, ms. */
const SOON = { timeout: 60_000, interval: 50 }

const isHere = (findProgram('redis-server') ?? findProgram('valkey-server')) !== null

describe.skipIf(!isHere)('the operator', { timeout: 180_000 }, () => {
  const pagerduty = new PagerdutyReceiver()
  const twilio = new TwilioReceiver()
  let place: ShopPlace
  let shop: RunningShop
  let folder: string
  let operator: ChildProcess
  let said: string[]

  beforeAll(async () => {
    await Promise.all([pagerduty.open(), twilio.open()])
    place = await ShopPlace.open({ engine: { name: 'sqlite' } })
    folder = path.join(place.folder, 'engines')
    const { url } = await engineUp(redisEngine, folder, () => undefined)
    shop = await place.start({ LEVEE_REDIS_URL: url! })
    await start()
  })
  afterAll(async () => {
    operator.kill('SIGKILL')
    await engineDown(redisEngine, folder)
    await place.drop()
    await Promise.all([pagerduty.close(), twilio.close()])
  })

  async function start(): Promise<void> {
    said = []
    const args = ['operator', '--json', '--end-with-parent', '--engines', '--folder', folder]
    operator = spawn(
      process.execPath,
      [LAUNCHER, ...args, '--supervisor', 'local', '--shop', shop.url, '--contacts', CONTACTS],
      {
        env: {
          ...place.env,
          PATH: process.env.PATH,
          LEVEE_ALERT_PAGERDUTY_KEY: ROUTING_KEY,
          LEVEE_ALERT_PAGERDUTY_BASE: pagerduty.url,
          LEVEE_ALERT_TWILIO_ACCOUNT: ACCOUNT,
          LEVEE_ALERT_TWILIO_TOKEN: AUTH_TOKEN,
          LEVEE_ALERT_TWILIO_FROM: FROM,
          LEVEE_ALERT_TWILIO_BASE: twilio.url,
        },
        stdio: ['pipe', 'pipe', 'pipe'],
      },
    )
    createInterface({ input: operator.stderr! }).on('line', line => said.push(line))
    const lines = createInterface({ input: operator.stdout! })
    const ended = once(operator, 'close').then(([code]) => {
      throw new Error(`it ended with ${code}: ${said.join('\n')}`)
    })
    ended.catch(() => undefined)
    const [ready] = (await Promise.race([once(lines, 'line'), ended])) as [string]
    expect(JSON.parse(ready)).toMatchObject({
      ready: { channels: expect.arrayContaining(['pagerduty', 'sms']) },
    })
  }
  const status = () => engineStatus(redisEngine, folder)
  /** Of Redis: a machine that is short of CPU is an incident of its own. */
  const triggers = () =>
    pagerduty.taken.filter(
      ({ event_action, payload }) => event_action === 'trigger' && payload?.summary.includes('Redis'),
    )

  interface Shown {
    readonly key: string
    readonly level: string
    readonly state: string
    readonly acknowledgedBy: string | null
    readonly facts: readonly { kind: string; fact: Record<string, unknown> }[]
  }
  /** Numbers of the incidents of Redis, oldest first. */
  async function ours(): Promise<string[]> {
    const { stdout } = await place.run('incidents', 'list', '--json')
    const { incidents } = JSON.parse(stdout) as { incidents: { number: number; key: string }[] }
    return incidents.flatMap(({ number, key }) => (key === 'redis-down' ? [String(number)] : [])).reverse()
  }
  async function incident(): Promise<Shown> {
    const [number = '0'] = await ours()
    const { stdout } = await place.run('incidents', 'show', number, '--json')
    return JSON.parse(stdout) as Shown
  }
  const steps = async () =>
    (await incident()).facts.flatMap(({ kind, fact }) =>
      kind === 'action' ? [`${fact.step}: ${fact.what}`] : [],
    )

  it('notices a Redis that is killed, tells, starts it again and verifies', async () => {
    const before = await status()
    process.kill(before.pid!, 'SIGKILL')
    await expect.poll(triggers, SOON).toHaveLength(1)
    expect(triggers()[0]!.payload).toMatchObject({ severity: 'critical' })
    expect(triggers()[0]!.payload!.summary).toContain('Redis')
    await expect.poll(async () => (await status()).reachable, SOON).toBe(true)
    const after = await status()
    expect(after.pid).not.toBe(before.pid)
    expect(after.url).toBe(before.url)
    await expect.poll(() => steps(), SOON).toEqual(['ping: not yet', 'restart: helped'])
    await expect.poll(async () => (await incident()).state, SOON).toBe('recovering')
    expect(await incident()).toMatchObject({ key: 'redis-down', level: 'critical' })
    // It goes on by the ledger meanwhile, and says so to nobody twice.
    expect(triggers()).toHaveLength(1)
    expect(twilio.violations).toEqual([])
    expect(pagerduty.violations).toEqual([])
  })

  it('takes an acknowledgement, notes, and writes the report in both languages', async () => {
    const [number] = (await ours()) as [string]
    const acknowledged = await place.run('incidents', 'ack', number, '--who', 'dba')
    expect(acknowledged).toMatchObject({ code: 0, stdout: expect.stringContaining(`#${number} is dba's`) })
    await expect
      .poll(() => pagerduty.taken.map(({ event_action }) => event_action), SOON)
      .toContain('acknowledge')
    expect((await place.run('incidents', 'note', number, 'no memory left', '--who', 'dba')).code).toBe(0)
    const report = async (language: string) =>
      (await place.run('incidents', 'report', number, '--lang', language)).stdout
    expect(await report('en')).toMatch(
      /# Incident report #\d+: Redis does not answer.*Redis is started again: \*\*helped\*\*.*no memory left/s,
    )
    expect(await report('ko')).toMatch(
      /# 장애 보고서 #\d+: Redis 무응답.*Redis를 재시작합니다: \*\*조치 성공\*\*/s,
    )
    expect((await place.run('incidents', 'show', '99')).code).toBe(1)
  })

  it('killed over an incident goes on with it: nothing is told twice as new, nothing done blindly', async () => {
    operator.kill('SIGKILL')
    await once(operator, 'close')
    const before = await status()
    process.kill(before.pid!, 'SIGKILL')
    await start()
    // The same incident, which was not believed to be over; its restart was a moment ago, so it is not repeated at once.
    await expect.poll(async () => (await incident()).state, SOON).toBe('open')
    expect(new Set(triggers().map(({ dedup_key }) => dedup_key)).size).toBe(1)
    await expect.poll(() => steps(), SOON).toContain('restart: refused')
    expect(await ours()).toHaveLength(1)
  })

  it('ends in order when it is told to', async () => {
    operator.kill('SIGTERM')
    const [code] = (await once(operator, 'close')) as [number | null]
    expect(code, said.slice(-5).join('\n')).toBe(0)
  })
})
