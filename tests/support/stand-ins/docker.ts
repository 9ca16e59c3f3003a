// For tests: a Docker on a socket of its own that takes exactly what the Engine API's description allows for the few calls that
// our driver makes, and answers as it does there.

import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** Of the API; the version that was current when this was written. */
const API_VERSION = '1.47'

export interface FakeContainer {
  status: 'running' | 'exited' | 'paused' | 'restarting'
  pid: number
  startedAt: string
  finishedAt: string
  exitCode: number
  health?: 'healthy' | 'unhealthy' | 'starting'
}

/** What every change comes to: a status, an answer that never comes, or one that says it is done while nothing was. */
export type DockerFault = 'none' | 'hang' | 'nothing happens' | 409 | 500

export class FakeDocker {
  readonly base: string
  readonly calls: string[] = []
  fault: DockerFault = 'none'
  private readonly containers: Map<string, FakeContainer>
  private readonly folder: string
  private readonly server: Server

  private constructor(folder: string, containers: Readonly<Record<string, FakeContainer>>) {
    this.folder = folder
    this.containers = new Map(Object.entries(containers))
    this.base = `unix://${path.join(folder, 'docker.sock')}`
    this.server = createServer((request, response) => this.answer(request, response))
  }

  static async open(containers: Readonly<Record<string, FakeContainer>>): Promise<FakeDocker> {
    const docker = new FakeDocker(mkdtempSync(path.join(tmpdir(), 'levee-docker-')), containers)
    const { promise, resolve } = Promise.withResolvers<void>()
    docker.server.listen(path.join(docker.folder, 'docker.sock'), resolve)
    await promise
    return docker
  }

  async close(): Promise<void> {
    this.server.closeAllConnections()
    const { promise, resolve } = Promise.withResolvers<unknown>()
    this.server.close(resolve)
    await promise
    rmSync(this.folder, { recursive: true, force: true })
  }

  private answer(request: IncomingMessage, response: ServerResponse): unknown {
    const { method = '', url = '' } = request
    this.calls.push(`${method} ${url}`)
    const say = (status: number, body?: object): unknown => {
      response.writeHead(status, { 'content-type': 'application/json', 'api-version': API_VERSION })
      return response.end(body === undefined ? '' : JSON.stringify(body))
    }
    const no = (status: number, message: string): unknown => say(status, { message })
    if (request.headers.host === undefined) return no(400, 'malformed Host header')
    if (request.headers['content-length'] !== undefined && request.headers['content-length'] !== '0')
      return no(400, 'no body is allowed here')
    if (url === '/_ping') {
      if (method !== 'GET' && method !== 'HEAD') return no(404, 'page not found')
      response.writeHead(200, { 'api-version': API_VERSION, 'content-type': 'text/plain' })
      response.end('OK')
      return
    }
    const [, version, name, verb, query] =
      /^\/v([\d.]+)\/containers\/([A-Za-z0-9_.-]+)\/(json|restart|stop|start)(?:\?(.*))?$/.exec(url) ?? []
    if (version === undefined || name === undefined) return no(404, 'page not found')
    if (version !== API_VERSION)
      return no(400, `client version ${version} is not the newest that was offered`)
    const container = this.containers.get(name)
    if (container === undefined) return no(404, `No such container: ${name}`)
    if (verb === 'json') return method === 'GET' ? say(200, describe(container)) : no(404, 'page not found')
    if (method !== 'POST') return no(404, 'page not found')
    if (verb === 'start' ? query !== undefined : !/^t=\d+$/.test(query ?? '')) return no(400, 'bad parameter')
    if (this.fault === 'hang') return
    if (typeof this.fault === 'number') return no(this.fault, 'Container is marked for removal')
    const runs = container.status === 'running'
    if (verb === 'start' && runs) return say(304)
    if (verb === 'stop' && !runs) return say(304)
    if (this.fault !== 'nothing happens') change(container, verb === 'stop' ? 'stop' : 'start')
    say(204)
  }
}

function change(container: FakeContainer, to: 'stop' | 'start'): void {
  const now = new Date().toISOString()
  if (to === 'stop') Object.assign(container, { status: 'exited', pid: 0, finishedAt: now, exitCode: 137 })
  else
    Object.assign(container, { status: 'running', pid: container.pid + 1_000, startedAt: now, exitCode: 0 })
}

function describe({ status, pid, startedAt, finishedAt, exitCode, health }: FakeContainer): object {
  return {
    Id: 'ab12',
    Name: '/some',
    State: {
      ...{ Status: status, Running: status !== 'exited', Paused: status === 'paused' },
      ...{ Restarting: status === 'restarting', OOMKilled: exitCode === 137 && pid === 0, Dead: false },
      ...{ Pid: pid, ExitCode: exitCode, Error: '', StartedAt: startedAt, FinishedAt: finishedAt },
      ...(health === undefined ? {} : { Health: { Status: health, FailingStreak: 0, Log: [] } }),
    },
  }
}
