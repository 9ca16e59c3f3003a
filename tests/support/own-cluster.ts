// For tests: a cluster of three primaries of one's own, without replicas. Slots are given out by hand.

import { waitFor } from '../../platform/engines/wait-for.ts'
import { OwnRedis } from './own-redis.ts'

/** Until all know each other and agree: they gossip every 100 ms. */
const AGREED_MS = 20_000
/** Third by third; the last takes the rest. */
const FIRST = [0, 5_461, 10_923, 16_384]

export class OwnCluster {
  readonly nodes: readonly OwnRedis[]

  private constructor(nodes: readonly OwnRedis[]) {
    this.nodes = nodes
  }

  /** `options`: of every node's command line. Resolves when each of them serves. */
  static async start(program: string, options: readonly string[] = []): Promise<OwnCluster> {
    const nodes = await Promise.all(
      [0, 1, 2].map(() =>
        OwnRedis.start(program, (_folder, port) => [
          ...['--port', `${port}`, '--cluster-enabled', 'yes', '--cluster-node-timeout', '1000'],
          // Ten thousand above it by default, which may be beyond the last port there is.
          ...['--cluster-port', `${port > 32_768 ? port - 10_000 : port + 10_000}`, ...options],
        ]),
      ),
    )
    const cluster = new OwnCluster(nodes)
    for (const [i, node] of nodes.entries()) {
      await node.direct('CLUSTER', 'ADDSLOTSRANGE', `${FIRST[i]}`, `${FIRST[i + 1]! - 1}`)
      await node.direct('CLUSTER', 'SET-CONFIG-EPOCH', `${i + 1}`)
      const bus = node.port > 32_768 ? node.port - 10_000 : node.port + 10_000
      if (i > 0) await nodes[0]!.direct('CLUSTER', 'MEET', '127.0.0.1', `${node.port}`, `${bus}`)
    }
    if (!(await waitFor(() => cluster.isWhole(), AGREED_MS))) throw new Error('the cluster did not form')
    return cluster
  }

  /** Every node says so. */
  async isWhole(): Promise<boolean> {
    const infos = await Promise.all(this.nodes.map(node => node.direct('CLUSTER', 'INFO')))
    return infos.every(
      info => /state:ok/.test(info) && /known_nodes:3/.test(info) && /slots_ok:16384/.test(info),
    )
  }

  get url(): string {
    return `redis+cluster://${this.nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`
  }

  /** Whose slot it is, as given out at the beginning. */
  ownerOf(slot: number): OwnRedis {
    return this.nodes[FIRST.findLastIndex(first => first <= slot)]!
  }

  async drop(): Promise<void> {
    await Promise.all(this.nodes.map(node => node.drop()))
  }
}
