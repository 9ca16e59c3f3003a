// Kafka as an engine of Levee's own.

import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { Engine, Place } from '../engine.ts'
import { freePort } from '../free-port.ts'
import { ensureKafka, type KafkaPrograms } from './install.ts'
import {
  brokers,
  configFile,
  dataFolder,
  javaOptions,
  type KafkaOptions,
  logConfigFile,
  logProperties,
  serverProperties,
  temporaryFolder,
} from './options.ts'
import { ping } from './ping.ts'

const run = promisify(execFile)

export const kafka: Engine<KafkaPrograms, KafkaOptions> = {
  name: 'kafka',
  title: 'Kafka',
  variable: 'LEVEE_KAFKA_BROKERS',
  /** 3 s on an idle machine, ten times that on one that compiles at the same time. */
  startTimeout: 90_000,
  standing: {},
  ensure: say => ensureKafka(say),
  async prepare(place) {
    const { programs, folder, port, options } = place
    await rm(temporaryFolder(folder), { recursive: true, force: true })
    await mkdir(temporaryFolder(folder), { mode: 0o700 })
    await writeFile(logConfigFile(folder), logProperties())
    // Nobody else talks to the controller, so that its port may be another one each time.
    const controllerPort = await freePort()
    await format(place, controllerPort)
    await writeFile(configFile(folder), serverProperties(dataFolder(folder), port, controllerPort, options))
    const java = javaOptions(programs.libraries, folder, options)
    return { program: programs.java, args: [...java, 'kafka.Kafka', configFile(folder)] }
  },
  answers: port => ping(port),
  isOurs: (line, folder) => line.endsWith(` kafka.Kafka ${configFile(folder)}`),
  urls: port => ({ url: brokers(port) }),
}

/** Makes the data folder once. Renamed into place when complete, so that a broken attempt leaves nothing half done. */
async function format(place: Place<KafkaPrograms, KafkaOptions>, controllerPort: number): Promise<void> {
  const { programs, folder, port, options } = place
  const target = dataFolder(folder)
  if (existsSync(target)) return
  const fresh = `${target}.new`
  await rm(fresh, { recursive: true, force: true })
  await writeFile(configFile(folder), serverProperties(fresh, port, controllerPort, options))
  const { clusterId = randomBytes(16).toString('base64url') } = options
  await run(programs.java, [
    ...javaOptions(programs.libraries, folder, { ...options, quick: true }),
    'kafka.tools.StorageTool',
    'format',
    // With the sign of equality: an id may begin with a hyphen.
    `--cluster-id=${clusterId}`,
    `--config=${configFile(folder)}`,
  ])
  await rename(fresh, target)
}
