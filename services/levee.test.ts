import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'

/** Makes any Node look like version 20 to the launcher. */
const OLD_NODE = `data:text/javascript,${encodeURIComponent(
  "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.0.0' } })",
)}`

let root: string
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'levee-launcher-'))
  mkdirSync(path.join(root, 'services'))
  writeFileSync(path.join(root, 'package.json'), '{"type":"module"}')
  copyFileSync(path.join(import.meta.dirname, 'levee.js'), path.join(root, 'services/levee.js'))
})
afterEach(() => rmSync(root, { recursive: true }))

const launch = (...args: string[]) =>
  spawn(process.execPath, ['--import', OLD_NODE, path.join(root, 'services/levee.js'), ...args])

/** Puts a shell script where the npm package `node` has its Node. */
function ownNode(script: string): void {
  const folder = path.join(root, 'node_modules/node/bin')
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, 'node'), `#!/bin/sh\n${script}\n`)
  chmodSync(path.join(folder, 'node'), 0o755)
}

const end = async (child: ChildProcess) => (await once(child, 'exit')) as [number | null, string | null]

test('an old Node without the package `node` is told what to do', async () => {
  const child = launch('start')
  const [message, [code]] = await Promise.all([text(child.stderr), end(child)])
  expect(code).toBe(2)
  expect(message).toMatch(/Node 24 or later is needed.*npm install/s)
})

test('an old Node hands over arguments, output and exit code', async () => {
  ownNode('echo "$@"; exit 3')
  const child = launch('engines', 'status', '--json')
  const [shown, [code]] = await Promise.all([text(child.stdout), end(child)])
  expect(shown.trim()).toMatch(/services\/levee\.js engines status --json$/)
  expect(code).toBe(3)
})

test('signals reach the real process, and its answer counts', async () => {
  ownNode("trap 'exit 7' TERM; echo ready; while :; do sleep 0.02; done")
  const child = launch('start')
  await once(child.stdout, 'data')
  child.kill('SIGTERM')
  expect(await end(child)).toEqual([7, null])
})

test('a process ended by a signal looks so from outside', async () => {
  ownNode('kill -9 $$')
  expect(await end(launch('start'))).toEqual([null, 'SIGKILL'])
})
