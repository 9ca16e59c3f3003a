// Which network address a request counts for.

import type { IncomingMessage } from 'node:http'
import { BlockList, isIP, type Socket } from 'node:net'

/** Longest X-Forwarded-For that is read, characters: a dozen proxies. */
const FORWARDED_MOST = 512

const keys = new WeakMap<Socket, string>()

/**
 * Finds the address to limit by: the peer's, or where the peer is a proxy of ours, the nearest address in
 * X-Forwarded-For that is none. An IPv6 customer owns a whole /64, so that counts as one.
 */
export function addressReader(trustedProxies: readonly string[]): (request: IncomingMessage) => string {
  if (trustedProxies.length === 0) return request => peerKey(request.socket)
  const trusted = proxyList(trustedProxies)
  return request => {
    const peer = plain(request.socket.remoteAddress ?? '')
    if (!contains(trusted, peer)) return peerKey(request.socket)
    return addressKey(nearestStranger(request.headers['x-forwarded-for'], trusted) ?? peer)
  }
}

function peerKey(socket: Socket): string {
  const known = keys.get(socket)
  if (known !== undefined) return known
  const key = addressKey(plain(socket.remoteAddress ?? ''))
  keys.set(socket, key)
  return key
}

function nearestStranger(header: string | string[] | undefined, trusted: BlockList): string | null {
  const text = Array.isArray(header) ? header.join(',') : header
  if (text === undefined || text.length > FORWARDED_MOST) return null
  for (const part of text.split(',').reverse()) {
    const address = plain(part.trim())
    // What is no address was written by somebody who may lie: then only the proxy itself is certain.
    if (isIP(address) === 0) return null
    if (!contains(trusted, address)) return address
  }
  return null
}

/** An IPv4 address that came in IPv6 clothes, without them. */
function plain(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}

/** IPv4 whole, IPv6 by its first 64 bits. */
export function addressKey(address: string): string {
  if (isIP(address) !== 6) return address
  const [head = '', tail = ''] = address.split('%')[0]!.split('::')
  const front = head === '' ? [] : head.split(':')
  const back = tail === '' ? [] : tail.split(':')
  const zeros = address.includes('::') ? Array(Math.max(0, 8 - front.length - back.length)).fill('0') : []
  return [...front, ...zeros, ...back]
    .slice(0, 4)
    .map(group => Number.parseInt(group, 16).toString(16))
    .join(':')
}

function proxyList(proxies: readonly string[]): BlockList {
  const trusted = new BlockList()
  for (const proxy of proxies) {
    const [address = '', bits] = proxy.split('/')
    const family = isIP(address)
    if (family === 0) throw new Error(`http.trustedProxies: ${proxy} is no address and no network`)
    const type = family === 6 ? 'ipv6' : 'ipv4'
    if (bits === undefined) trusted.addAddress(address, type)
    else trusted.addSubnet(address, Number(bits), type)
  }
  return trusted
}

function contains(list: BlockList, address: string): boolean {
  const family = isIP(address)
  return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4')
}
