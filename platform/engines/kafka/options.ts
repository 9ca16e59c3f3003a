// How Levee runs a Kafka of its own, as pure text: one node, broker and controller in one.

import path from 'node:path'

export const KAFKA_VERSION = '4.4.0'
/** What Kafka itself uses for logging; without a binding it would end without a word of why. */
const LOG4J_VERSION = '2.25.5'

export interface KafkaOptions {
  /** Most memory for the JVM's heap, MiB. */
  readonly heap?: number
  /** True: compiled quickly rather than well. Starts in half the CPU time, and is slower under load. */
  readonly quick?: boolean
  /** Lines of `server.properties` added at the end, so they win: `message.max.bytes=2000000`. */
  readonly extra?: readonly string[]
  /** Brokers of one cluster have the same, 22 characters of base64url. Absent: made for this one. */
  readonly clusterId?: string
}

/** A broker of a few small topics lives in a fifth of it; the rest is for rushes. */
const HEAP_MIB = 512

export const dataFolder = (folder: string): string => path.join(folder, 'data')
export const configFile = (folder: string): string => path.join(folder, 'server.properties')
export const temporaryFolder = (folder: string): string => path.join(folder, 'tmp')
export const logConfigFile = (folder: string): string => path.join(folder, 'log4j2.properties')

export function serverProperties(
  data: string,
  port: number,
  controllerPort: number,
  { extra = [] }: KafkaOptions,
): string {
  return [
    'process.roles=broker,controller',
    'node.id=1',
    `controller.quorum.voters=1@127.0.0.1:${controllerPort}`,
    `listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    `advertised.listeners=PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names=CONTROLLER',
    'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    `log.dirs=${data}`,
    // One node: its own topics can have one replica only. Few partitions: each is a folder to make and to open.
    'offsets.topic.replication.factor=1',
    'offsets.topic.num.partitions=4',
    'transaction.state.log.replication.factor=1',
    'transaction.state.log.min.isr=1',
    'transaction.state.log.num.partitions=4',
    'share.coordinator.state.topic.replication.factor=1',
    'share.coordinator.state.topic.min.isr=1',
    'share.coordinator.state.topic.num.partitions=4',
    // A misspelt topic must be an error.
    'auto.create.topics.enable=false',
    // The first consumer of a group begins at once instead of waiting 3 s for others.
    'group.initial.rebalance.delay.ms=0',
    // With 9 s, the default, a killed broker is back only after 12.
    'broker.session.timeout.ms=3000',
    'broker.heartbeat.interval.ms=500',
    // 8 MiB instead of 128: only small topics are compacted.
    'log.cleaner.dedupe.buffer.size=8388608',
    ...extra,
    '',
  ].join('\n')
}

/** Warnings and worse, to where the server's output goes. */
export const logProperties = (): string =>
  [
    'rootLogger.level=warn',
    'rootLogger.appenderRef.console.ref=console',
    'appender.console.type=Console',
    'appender.console.name=console',
    'appender.console.layout.type=PatternLayout',
    'appender.console.layout.pattern=%d %p %m (%c{1})%n%xEx{short}',
    '',
  ].join('\n')

/** Options of `java` up to the name of the class. */
export function javaOptions(
  libraries: string,
  folder: string,
  { heap = HEAP_MIB, quick = false }: KafkaOptions,
): string[] {
  return [
    `-Xmx${heap}m`,
    ...(quick ? ['-XX:TieredStopAtLevel=1'] : []),
    // Nothing outside of the folder: libraries unpacked by a JVM that is killed would stay in /tmp for ever.
    '-XX:-UsePerfData',
    `-XX:ErrorFile=${path.join(folder, 'java-error.log')}`,
    `-Djava.io.tmpdir=${temporaryFolder(folder)}`,
    `-Dlog4j2.configurationFile=${logConfigFile(folder)}`,
    '-cp',
    path.join(libraries, '*'),
  ]
}

/** What Maven has to fetch. */
export const pom = (): string =>
  `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>levee</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>${KAFKA_VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId>
      <artifactId>log4j-slf4j-impl</artifactId>
      <version>${LOG4J_VERSION}</version>
    </dependency>
  </dependencies>
</project>
`

export const brokers = (port: number): string => `127.0.0.1:${port}`
