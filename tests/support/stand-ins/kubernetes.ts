// For tests: a Kubernetes API server with controllers of its own that takes exactly the requests that the API's reference allows
// for what our driver does, by HTTPS and with a token, and goes through a rollout step by step, told over watches.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { makeCertificates } from '../own-redis.ts'

/** What every change comes to; `stuck`: it is taken, and nothing comes of it. */
export type KubernetesFault = 'none' | 'hang' | 'stuck' | 'deadline' | 'gone watches' | 403 | 409 | 500

const TOKEN = 'a-token-of-a-service-account'
const PATHS =
  /^\/(?:apis\/apps\/v1\/namespaces\/shop\/(deployments|statefulsets)|api\/v1\/namespaces\/shop\/(pods))(?:\/([a-z0-9.-]+))?$/

/** Only what is looked at; every change is told to whoever watches. */
interface Thing {
  metadata: Record<string, unknown> & {
    name: string
    uid: string
    generation: number
    resourceVersion: string
  }
  spec: Record<string, unknown> & { replicas: number; template: { metadata: { annotations: object } } }
  status: Record<string, unknown>
}

export class FakeKubernetes {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'levee-kubernetes-'))
  readonly calls: string[] = []
  fault: KubernetesFault = 'none'
  private readonly things = new Map<string, Thing>()
  private readonly watchers = new Map<ServerResponse, string>()
  private version = 100
  private readonly server: Server

  private constructor() {
    makeCertificates(this.folder)
    writeFileSync(path.join(this.folder, 'token'), `${TOKEN}\n`)
    const read = (name: string) => readFileSync(path.join(this.folder, name))
    this.server = createServer({ cert: read('redis.crt'), key: read('redis.key') }, (request, response) => {
      let body = ''
      request.setEncoding('utf8').on('data', piece => (body += piece))
      request.on('end', () => this.answer(request, body, response))
    })
    this.workload('deployments', 'shop', 2)
    this.workload('statefulsets', 'redis', 1)
    this.workload('statefulsets', 'by-hand', 1, { type: 'OnDelete' })
    this.pod('redis-0', 'StatefulSet', 1)
    this.pod('shop-abc', 'ReplicaSet', 1)
  }

  static async open(): Promise<FakeKubernetes> {
    const fake = new FakeKubernetes()
    const { promise, resolve } = Promise.withResolvers<void>()
    fake.server.listen(0, '127.0.0.1', resolve)
    await promise
    return fake
  }

  /** What the driver is given. */
  get access() {
    const { port } = this.server.address() as AddressInfo
    const file = (name: string) => path.join(this.folder, name)
    return {
      ...{ base: `https://127.0.0.1:${port}`, namespace: 'shop' },
      ...{ tokenFile: file('token'), caFile: file('ca.crt') },
    }
  }

  get(kind: string, name: string): Thing | undefined {
    return this.things.get(`${kind}/${name}`)
  }

  async close(): Promise<void> {
    this.server.closeAllConnections()
    const { promise, resolve } = Promise.withResolvers<unknown>()
    this.server.close(resolve)
    await promise
    rmSync(this.folder, { recursive: true, force: true })
  }

  private answer(request: IncomingMessage, body: string, response: ServerResponse): unknown {
    const url = new URL(request.url ?? '', 'https://none')
    const { method = '' } = request
    this.calls.push(`${method} ${url.pathname} ${request.headers['content-type'] ?? ''} ${body}`.trim())
    const say = (status: number, object: object): unknown =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(object))
    const no = (code: number, message: string): unknown =>
      say(code, { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, code })
    if (request.headers.authorization !== `Bearer ${TOKEN}`) return no(401, 'Unauthorized')
    const [, apps, core, name] = PATHS.exec(url.pathname) ?? []
    const kind = apps ?? core
    if (kind === undefined) return no(404, 'the server could not find the requested resource')
    if (method === 'GET' && name === undefined) return this.watch(kind, url.searchParams, response, no)
    if (name === undefined) return no(405, 'the server does not allow this method')
    const thing = this.things.get(`${kind}/${name}`)
    if (thing === undefined) return no(404, `${kind} "${name}" not found`)
    if (method === 'GET') return say(200, thing)
    if (this.fault === 'hang') return
    if (typeof this.fault === 'number') return no(this.fault, `${kind} "${name}": no`)
    if (method === 'PATCH') {
      const type = request.headers['content-type']
      const isKnown =
        type === 'application/strategic-merge-patch+json' || type === 'application/merge-patch+json'
      if (!isKnown) return no(415, 'the body of the request was in an unknown format')
      if (url.searchParams.get('fieldManager') !== 'levee') return no(400, 'a fieldManager is wanted')
      merge(thing as unknown as Record<string, unknown>, JSON.parse(body))
      thing.metadata.generation++
      this.changed(kind, thing)
      say(200, thing)
      if (this.fault !== 'stuck') this.roll(kind, thing)
      return
    }
    if (method !== 'DELETE' || kind !== 'pods') return no(405, 'the server does not allow this method')
    const order = JSON.parse(body) as { kind: string; apiVersion: string; preconditions?: { uid: string } }
    if (order.kind !== 'DeleteOptions' || order.apiVersion !== 'v1')
      return no(400, 'DeleteOptions are wanted')
    if (order.preconditions?.uid !== thing.metadata.uid) return no(409, 'the UID in the precondition differs')
    say(200, thing)
    if (this.fault !== 'stuck') this.replace(thing)
  }

  private watch(
    kind: string,
    query: URLSearchParams,
    response: ServerResponse,
    no: (code: number, message: string) => unknown,
  ): unknown {
    const name = /^metadata\.name=(.+)$/.exec(query.get('fieldSelector') ?? '')?.[1]
    const isWatch = query.get('watch') === 'true' && Number(query.get('timeoutSeconds')) > 0
    if (!isWatch || name === undefined) return no(400, 'only watches of one are answered here')
    response.writeHead(200, { 'content-type': 'application/json' })
    if (this.fault === 'gone watches') {
      this.fault = 'none'
      const status = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' }
      response.end(`${JSON.stringify({ type: 'ERROR', object: status })}\n`)
      return
    }
    response.flushHeaders()
    const key = `${kind}/${name}`
    this.watchers.set(response, key)
    response.on('close', () => this.watchers.delete(response))
    // What happened since the version that was seen is told at once.
    const thing = this.things.get(key)
    if (
      thing !== undefined &&
      Number(query.get('resourceVersion') ?? 0) < Number(thing.metadata.resourceVersion)
    )
      this.tell(response, 'MODIFIED', thing)
  }

  private changed(kind: string, thing: Thing, type: 'ADDED' | 'MODIFIED' | 'DELETED' = 'MODIFIED'): void {
    thing.metadata.resourceVersion = String(++this.version)
    for (const [response, key] of this.watchers)
      if (key === `${kind}/${thing.metadata.name}`) this.tell(response, type, thing)
  }

  private tell(response: ServerResponse, type: string, object: object): void {
    // In pieces, as a network may bring it.
    const line = `${JSON.stringify({ type, object })}\n`
    response.write(line.slice(0, 20))
    response.write(line.slice(20))
  }

  /** As its controller does it, a step a turn of the loop. */
  private roll(kind: string, thing: Thing): void {
    const { replicas } = thing.spec
    const deadline = { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }
    const steps: object[] =
      this.fault === 'deadline'
        ? [{ observedGeneration: thing.metadata.generation, conditions: [deadline] }]
        : [
            { observedGeneration: thing.metadata.generation, updatedReplicas: 0, updateRevision: 'next' },
            {
              updatedReplicas: replicas,
              replicas: replicas + 1,
              availableReplicas: replicas,
              readyReplicas: replicas,
            },
            { replicas, currentRevision: 'next' },
          ]
    const step = (): void => {
      const next = steps.shift()
      if (next === undefined) return
      Object.assign(thing.status, next)
      this.changed(kind, thing)
      setImmediate(step)
    }
    setImmediate(step)
  }

  private replace({ metadata }: Thing): void {
    const old = this.things.get(`pods/${metadata.name}`)!
    old.metadata.deletionTimestamp = '2026-01-01T00:00:00Z'
    this.changed('pods', old)
    setImmediate(() => {
      this.things.delete(`pods/${metadata.name}`)
      this.changed('pods', old, 'DELETED')
      const fresh = this.pod(metadata.name, 'StatefulSet', 0)
      this.changed('pods', fresh, 'ADDED')
      setImmediate(() => {
        Object.assign(fresh.status, podStatus(1))
        this.changed('pods', fresh)
      })
    })
  }

  private workload(
    kind: string,
    name: string,
    replicas: number,
    updateStrategy = { type: 'RollingUpdate' },
  ): void {
    const counts = {
      replicas,
      updatedReplicas: replicas,
      readyReplicas: replicas,
      availableReplicas: replicas,
    }
    const available = { type: 'Available', status: 'True', lastTransitionTime: '2026-01-02T03:04:05Z' }
    this.things.set(`${kind}/${name}`, {
      metadata: { name, uid: `uid-${name}`, generation: 1, resourceVersion: '1', annotations: {} },
      spec: { replicas, updateStrategy, template: { metadata: { annotations: {} } } },
      status: {
        ...{ observedGeneration: 1, ...counts, currentRevision: 'first', updateRevision: 'first' },
        conditions: [available],
      },
    })
  }

  private pod(name: string, owner: string, ready: 0 | 1): Thing {
    const ownerReferences = [{ kind: owner, name: 'owner', controller: true }]
    const uid = `uid-${name}-${++this.version}`
    const pod = {
      metadata: { name, uid, generation: 1, resourceVersion: String(this.version), ownerReferences },
      spec: { replicas: 1, template: { metadata: { annotations: {} } } },
      status: podStatus(ready),
    }
    this.things.set(`pods/${name}`, pod)
    return pod
  }
}

function podStatus(ready: 0 | 1): Record<string, unknown> {
  const lastTransitionTime = '2026-01-02T03:04:05Z'
  return {
    phase: ready ? 'Running' : 'Pending',
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime }],
    containerStatuses: [{ name: 'one', ready: ready === 1, restartCount: 3 }],
  }
}

/** RFC 7386: null takes away. */
function merge(into: Record<string, unknown>, patch: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete into[name]
    else if (typeof value === 'object' && typeof into[name] === 'object')
      merge(into[name] as Record<string, unknown>, value as Record<string, unknown>)
    else into[name] = value
  }
}
