// Requests to Kubernetes's API server as a service account: its token and the authority come from the files that are
// mounted into every pod, and are read for each request, since tokens are changed by the hour.

import { readFile } from 'node:fs/promises'
import { askHttp, type HttpQuestion, type HttpReply, httpLines, openHttp } from '../http/ask-http.ts'
import { SupervisorFailed } from './supervisor.ts'

const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'
/** Characters of an answer that are shown. */
const SAID_MOST = 300

export interface KubernetesAccess {
  /** `https://host:port`; default: what Kubernetes tells its pods by KUBERNETES_SERVICE_HOST and _PORT. */
  readonly base?: string
  /** Default: the files of the pod's own account. */
  readonly tokenFile?: string
  readonly caFile?: string
  /** Default: the pod's own, from the account's file. */
  readonly namespace?: string
}

export class KubernetesApi {
  private readonly access: KubernetesAccess

  constructor(access: KubernetesAccess) {
    this.access = access
  }

  async namespace(): Promise<string> {
    const text = this.access.namespace ?? (await readFile(`${ACCOUNT}/namespace`, 'utf8'))
    return text.trim()
  }

  /** The object answered. @throws SupervisorFailed for any other status than 200, 201 and 202 */
  async ask<T>(question: HttpQuestion, what: string, signal: AbortSignal): Promise<T> {
    const [target, headers] = await this.credentials()
    const asked = { ...question, headers: { ...headers, ...question.headers } }
    const reply = await askHttp(target, asked, signal)
    if (reply.status < 200 || reply.status > 202) throw refusal(what, reply)
    try {
      return JSON.parse(reply.text) as T
    } catch {
      throw new SupervisorFailed('failed', `Kubernetes: its answer about ${what} is no JSON`)
    }
  }

  /** What happens to what is listed, until the server or the signal ends it. */
  async *watch<T>(path: string, what: string, signal: AbortSignal): AsyncGenerator<T> {
    const [target, headers] = await this.credentials()
    const answer = await openHttp(target, { method: 'GET', path, headers }, signal)
    if (answer.statusCode !== 200) {
      answer.destroy()
      throw refusal(what, { status: answer.statusCode ?? 0, headers: answer.headers, text: '' })
    }
    for await (const line of httpLines(answer)) yield JSON.parse(line) as T
  }

  private async credentials() {
    const { base, tokenFile = `${ACCOUNT}/token`, caFile = `${ACCOUNT}/ca.crt` } = this.access
    const [token, ca] = await Promise.all([readFile(tokenFile, 'utf8'), readFile(caFile, 'utf8')])
    const headers = { authorization: `Bearer ${token.trim()}`, accept: 'application/json' }
    return [{ base: base ?? ownServer(), ca }, headers] as const
  }
}

function ownServer(): string {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = process.env
  if (host === undefined) throw new SupervisorFailed('away', 'Kubernetes: this is no pod')
  return `https://${host.includes(':') ? `[${host}]` : host}:${port}`
}

function refusal(what: string, { status, text }: HttpReply): SupervisorFailed {
  let said = ''
  try {
    said = String((JSON.parse(text) as { message?: unknown }).message ?? '')
  } catch {
    // An answer of somebody between us and it: its status is all that counts.
  }
  const kind = KINDS[status] ?? 'failed'
  return new SupervisorFailed(kind, `Kubernetes answers ${status} for ${what}: ${said.slice(0, SAID_MOST)}`)
}

const KINDS: Readonly<Record<number, SupervisorFailed['kind']>> = {
  ...{ 401: 'denied', 403: 'denied', 404: 'unknown_unit', 409: 'conflict' },
}
