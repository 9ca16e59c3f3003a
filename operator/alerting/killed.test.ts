// A process that tells of incidents is killed again and again, at any moment, while services misbehave: nothing is lost, and nothing
// arrives twice as new.

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Receivers } from '../../tests/support/receivers/all.ts'
import type { Call, Manner } from '../../tests/support/receivers/receiver.ts'

const SENDER = path.resolve(import.meta.dirname, '../../tests/support/alert-sender.ts')
const INCIDENTS = 40
const KILLS = 4

let folder: string
let receivers: Receivers
let child: ChildProcess | null = null
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'levee-alerts-'))
  receivers = await new Receivers().open()
})
afterEach(async () => {
  child?.kill('SIGKILL')
  await receivers.close()
  rmSync(folder, { recursive: true })
})

const taken = ({ calls }: { readonly calls: readonly Call[] }) =>
  calls.filter(({ manner }) => typeof manner === 'string')

/** Everything that reached a service and that it may have taken, answered or not. */
const arrived = () => [
  ...taken(receivers.slack).map(({ body }) => {
    const { text } = JSON.parse(body) as { text: string }
    return { way: 'slack', id: /incident-\d+-\d/.exec(text)![0], again: text.startsWith('↻') }
  }),
  ...taken(receivers.webhook).map(({ body }) => {
    const { data } = JSON.parse(body) as { data: { message: string; repeated: boolean } }
    return { way: 'webhook', id: data.message, again: data.repeated }
  }),
  ...taken(receivers.pagerduty).map(({ body }) => {
    const { payload } = JSON.parse(body) as { payload: { custom_details: { message: string } } }
    // PagerDuty knows a repeat by its key.
    return { way: 'pagerduty', id: payload.custom_details.message, again: false }
  }),
]

function start(how: 'begin' | 'finish'): { process: ChildProcess; said: () => string } {
  const { slack, webhook, pagerduty, twilio } = receivers
  const urls = { slack: slack.url, webhook: webhook.url, pagerduty: pagerduty.url, twilio: twilio.url }
  const args = [SENDER, path.join(folder, 'alerts.db'), JSON.stringify(urls), String(INCIDENTS), how]
  const started = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  started.stdout.on('data', chunk => {
    said += String(chunk)
  })
  child = started
  return { process: started, said: () => said }
}

test('nothing is lost, and nothing arrives twice as new', async () => {
  // Some calls go wrong while it is killed: taken without an answer, broken off, refused for now.
  const wrong: readonly Manner[] = ['right', 'right', 'hang', 'right', 'cut', 'right', { status: 503 }]
  for (const receiver of [receivers.slack, receivers.webhook, receivers.pagerduty])
    receiver.manners.push(...Array.from({ length: 6 }, () => wrong).flat())
  let cut = 0
  for (let kill = 0; kill < KILLS; kill++) {
    const before = arrived().length
    const { process: running } = start('begin')
    const ended = new Promise(resolve => running.once('exit', resolve))
    await vi.waitFor(() => expect(arrived().length).toBeGreaterThan(before + 3 + 5 * kill), {
      timeout: 30_000,
      interval: 1,
    })
    running.kill('SIGKILL')
    await ended
    cut++
  }
  expect(cut).toBe(KILLS)
  const last = start('finish')
  await vi.waitFor(() => expect(last.said()).toContain('all told'), { timeout: 60_000 })

  const all = arrived()
  const expected = Array.from({ length: INCIDENTS }, (_, i) =>
    [0, 1, 2].map(step => `incident-${i + 1}-${step}`),
  ).flat()
  for (const way of ['slack', 'webhook', 'pagerduty']) {
    const here = all.filter(call => call.way === way)
    expect(new Set(here.map(({ id }) => id))).toEqual(new Set(expected))
    // In their order, by when each came first.
    const first = [...new Set(here.map(({ id }) => id))]
    const places = new Map(first.map((id, place) => [id, place]))
    for (let incident = 1; incident <= INCIDENTS; incident++)
      for (const step of [1, 2])
        expect(places.get(`incident-${incident}-${step}`)).toBeGreaterThan(
          places.get(`incident-${incident}-${step - 1}`)!,
        )
  }
  const asNew = all
    .filter(({ way, again }) => way !== 'pagerduty' && !again)
    .map(({ way, id }) => `${way} ${id}`)
  expect(asNew.toSorted()).toEqual([...new Set(asNew)].toSorted())
  // It was killed, and services fell silent, while something was on its way.
  expect(all.some(({ again }) => again)).toBe(true)
  expect(new Set(receivers.pagerduty.incidents.values())).toEqual(new Set(['resolved']))
  expect(receivers.pagerduty.incidents.size).toBe(INCIDENTS)
  expect(receivers.violations).toEqual([])
})
