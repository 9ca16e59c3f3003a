// What `redis.url` may say: one server, the sentinels that know the primary, or some nodes of a cluster. Pure.

export interface Node {
  readonly host: string
  readonly port: number
}

export interface RedisAddress {
  readonly kind: 'server' | 'sentinel' | 'cluster'
  /** To the servers. Sentinels are asked without. */
  readonly tls: boolean
  /** `user:password@` as the URL has it, or empty. */
  readonly credentials: string
  /** The server, or the sentinels or nodes to begin with. */
  readonly nodes: readonly Node[]
  /** What the sentinels call the primary, or the number of a database; empty: none. */
  readonly path: string
}

const FORM =
  /^(?<scheme>rediss?)(?:\+(?<kind>sentinel|cluster))?:\/\/(?<credentials>[^/\s]*@)?(?<hosts>[^@/\s?#]+)(?:\/(?<path>[^/\s?#]*))?$/
const HOST = /^(\[[0-9a-fA-F:.]+\]|[^:[\],]+)(?::(\d{1,5}))?$/
/** The number of a database, the name of a primary, nothing: a cluster has one database. */
const PATH = { server: /^\d{0,4}$/, sentinel: /^.+$/, cluster: /^$/ } as const
const PORT = { server: 6379, sentinel: 26_379, cluster: 6379 } as const

/** Null: it is none of these forms. Never says why, which would show what is in it. */
export function addressOf(url: string): RedisAddress | null {
  const found = FORM.exec(url)?.groups
  if (found === undefined) return null
  const { scheme, credentials = '', hosts = '', path = '' } = found
  const kind = (found.kind ?? 'server') as RedisAddress['kind']
  const nodes = hosts.split(',').map(host => nodeOf(host, PORT[kind]))
  if (nodes.includes(null) || (kind === 'server' && nodes.length > 1)) return null
  if (!isDecodable(credentials)) return null
  if (!PATH[kind].test(path)) return null
  return { kind, tls: scheme === 'rediss', credentials, nodes: nodes as Node[], path }
}

/** Of one server with the same user, password and transport. */
export function urlOf({ tls, credentials }: RedisAddress, node: Node, path = ''): string {
  return `${tls ? 'rediss' : 'redis'}://${credentials}${textOf(node)}${path === '' ? '' : `/${path}`}`
}

/** `host:port`, an address of version 6 in brackets. */
export function textOf({ host, port }: Node): string {
  return `${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`
}

/** What no message may show: the password as it is, and as the URL writes it. */
export function secretsOf({ credentials }: RedisAddress): string[] {
  const { password } = loginOf(credentials)
  return [...new Set([password, decodeURIComponent(password)])].filter(secret => secret !== '')
}

/** As AUTH takes them; empty: there is no password. */
export function authOf({ credentials }: RedisAddress): string[] {
  const { user, password } = loginOf(credentials)
  return [user, password].filter(part => part !== '').map(decodeURIComponent)
}

function loginOf(credentials: string): { user: string; password: string } {
  const login = credentials.replace(/@$/, '')
  const colon = login.indexOf(':')
  return colon < 0
    ? { user: login, password: '' }
    : { user: login.slice(0, colon), password: login.slice(colon + 1) }
}

function nodeOf(text: string, port: number): Node | null {
  const [, host, given] = HOST.exec(text) ?? []
  const number = given === undefined ? port : Number(given)
  return host === undefined || number < 1 || number > 65_535 ? null : { host, port: number }
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false // URIError is how it says that a % leads nowhere
  }
}
