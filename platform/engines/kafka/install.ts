// Finds Java and Kafka's jars on this machine, or gets them: Java from Debian's packages, the jars by Maven.

import type { Say } from '../engine.ts'
import { EngineMissing } from '../engine-missing.ts'
import { canInstall, installPackages, type Machine, thisMachine } from '../machine.ts'
import { findJars, installJars, JARS_FOLDER } from './jars.ts'
import { KAFKA_VERSION } from './options.ts'

export interface KafkaPrograms {
  readonly java: string
  /** Folder of the jars. */
  readonly libraries: string
}

/** What Kafka 4 needs. */
const NEEDED_JAVA = 17

const OR_NAME_ONE = 'or name running brokers with LEVEE_KAFKA_BROKERS=host:port.'
const JAVA_ADVICE =
  `Kafka is needed and runs on Java ${NEEDED_JAVA} or later, which is not there: install it (Debian and Ubuntu: ` +
  `\`apt-get install default-jre-headless\`), ${OR_NAME_ONE}`
const MAVEN_ADVICE =
  `Kafka ${KAFKA_VERSION} is needed and comes from Maven Central, by Maven, which is not there: install it (Debian ` +
  `and Ubuntu: \`apt-get install maven\`), ${OR_NAME_ONE}`

/** @throws EngineMissing when it is neither here nor to be had. `say` gets a line before long work. */
export async function ensureKafka(
  say: Say,
  machine: Machine = thisMachine,
  jarsFolder: string = JARS_FOLDER,
): Promise<KafkaPrograms> {
  const java = await ensureJava(say, machine)
  const present = findJars(jarsFolder)
  if (present !== null) return { java, libraries: present }
  const maven = await ensureMaven(say, machine)
  say(`Kafka ${KAFKA_VERSION} is not here yet: fetching it from Maven Central (43 MB, once) …`)
  return { java, libraries: await installJars(maven, machine, jarsFolder) }
}

async function ensureJava(say: Say, machine: Machine): Promise<string> {
  const present = await findJava(machine)
  if (present !== null) return present
  if (!canInstall(machine)) throw new EngineMissing(JAVA_ADVICE)
  say('Java is not installed: installing Debian package default-jre-headless (half a minute, once) …')
  await installPackages(machine, 'default-jre-headless')
  const java = await findJava(machine)
  if (java === null) throw new EngineMissing(`Java could not be installed. ${JAVA_ADVICE}`)
  return java
}

async function findJava(machine: Machine): Promise<string | null> {
  const java = machine.find('java')
  if (java === null) return null
  // `openjdk version "17.0.15" 2025-04-15`
  const { output } = await machine.run(java, ['-version'])
  const version = /version "(\d+)/.exec(output)?.[1]
  return version !== undefined && Number(version) >= NEEDED_JAVA ? java : null
}

async function ensureMaven(say: Say, machine: Machine): Promise<string> {
  const present = machine.find('mvn')
  if (present !== null) return present
  if (!canInstall(machine)) throw new EngineMissing(MAVEN_ADVICE)
  say('Maven is not installed: installing Debian package maven (half a minute, once) …')
  await installPackages(machine, 'maven')
  const maven = machine.find('mvn')
  if (maven === null) throw new EngineMissing(`Maven could not be installed. ${MAVEN_ADVICE}`)
  return maven
}
