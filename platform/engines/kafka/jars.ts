// Kafka's jars, fetched from Maven Central once and kept beside the packages of npm. There whole, or not at all.

import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { EngineMissing } from '../engine-missing.ts'
import type { Machine } from '../machine.ts'
import { commandLine } from '../processes.ts'
import { KAFKA_VERSION, pom } from './options.ts'

export const JARS_FOLDER = path.resolve(
  import.meta.dirname,
  `../../../node_modules/.cache/levee-kafka-${KAFKA_VERSION}`,
)
/** By its version: what Maven takes by itself differs from one Maven to the next. */
const COPY_JARS = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies'
/** Two Mavens at once on one machine may get in each other's way; the second try finds what the first has fetched. */
const ATTEMPTS = 2
const OUTPUT_LINES_SHOWN = 8

export function findJars(folder: string): string | null {
  const libraries = path.join(folder, 'libs')
  return existsSync(libraries) ? libraries : null
}

/** @throws EngineMissing when they cannot be fetched */
export async function installJars(maven: string, machine: Machine, folder: string): Promise<string> {
  await removeLeftovers(folder)
  const fresh = `${folder}.new-${process.pid}-${randomBytes(4).toString('hex')}`
  const libraries = path.join(fresh, 'libs')
  await mkdir(fresh, { recursive: true })
  try {
    await writeFile(path.join(fresh, 'pom.xml'), pom())
    // -C: a jar whose checksum differs is an error.
    await fetchJars(maven, ['-q', '-B', '-C', COPY_JARS, `-DoutputDirectory=${libraries}`], machine, fresh)
    await rename(fresh, folder).catch((error: NodeJS.ErrnoException) => {
      // Another process was faster; what it has put there is the same.
      if (findJars(folder) === null) throw error
    })
  } finally {
    await rm(fresh, { recursive: true, force: true })
  }
  return path.join(folder, 'libs')
}

async function fetchJars(
  maven: string,
  args: readonly string[],
  machine: Machine,
  folder: string,
): Promise<void> {
  let output = ''
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    await rm(path.join(folder, 'libs'), { recursive: true, force: true })
    const ran = await machine.run(maven, args, folder)
    if (ran.code === 0 && findJars(folder) !== null) return
    output = ran.output
  }
  const shown = output.trim().split('\n').slice(0, OUTPUT_LINES_SHOWN).join('\n')
  throw new EngineMissing(
    `Kafka ${KAFKA_VERSION} could not be fetched from Maven Central. Name running brokers with ` +
      `LEVEE_KAFKA_BROKERS=host:port, or see what Maven says:\n${shown}`,
  )
}

/** Of processes that were killed while fetching. */
async function removeLeftovers(folder: string): Promise<void> {
  const parent = path.dirname(folder)
  if (!existsSync(parent)) return
  const beginning = `${path.basename(folder)}.new-`
  for (const name of readdirSync(parent)) {
    if (!name.startsWith(beginning)) continue
    const pid = Number(name.slice(beginning.length).split('-')[0])
    if (commandLine(pid) === null) await rm(path.join(parent, name), { recursive: true, force: true })
  }
}
