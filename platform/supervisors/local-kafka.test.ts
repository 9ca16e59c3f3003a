// On a real Kafka of `levee engines`. A file of its own: its JVM takes longer than all the others together.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findProgram } from '../engines/find-program.ts'
import { findJars, JARS_FOLDER } from '../engines/kafka/jars.ts'
import { kafka } from '../engines/kafka/kafka.ts'
import { engineStatus, engineUp } from '../engines/standing.ts'
import { localSupervisor } from './local.ts'

const never = new AbortController().signal

describe.skipIf(findProgram('java') === null || findJars(JARS_FOLDER) === null)('Kafka', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'levee-local-'))
  const local = localSupervisor({ folder, grace: 200 })
  // Compiled quickly rather than well: it lives for some seconds only.
  const options = process.env.JDK_JAVA_OPTIONS
  beforeAll(() => {
    process.env.JDK_JAVA_OPTIONS = '-XX:TieredStopAtLevel=1'
  })
  afterAll(async () => {
    if (options === undefined) delete process.env.JDK_JAVA_OPTIONS
    else process.env.JDK_JAVA_OPTIONS = options
    await local.stop('kafka', never).catch(() => undefined)
    rmSync(folder, { recursive: true, force: true })
  })

  it('killed: is seen so, and comes back on its port', async () => {
    const { url, pid } = await engineUp(kafka, folder, () => {})
    process.kill(pid!, 'SIGKILL')
    await expect.poll(async () => (await local.state('kafka', never)).running).toBe('no')
    expect(await local.restart('kafka', never)).toMatchObject({ running: 'yes', detail: 'answers' })
    expect((await engineStatus(kafka, folder)).url).toBe(url)
  })
})
