// A small SMTP server (RFC 5321): the commands in their order, one mail after the other, dots undone. It can be told to answer a
// command otherwise, to fall silent, or to break off.

import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'

export interface ReceivedMail {
  readonly from: string
  readonly to: readonly string[]
  /** Head and body as they came, lines ended by CRLF. */
  readonly source: string
  /** The same with quoted-printable undone. */
  readonly plain: string
}

type Verb = 'greeting' | 'EHLO' | 'MAIL' | 'RCPT' | 'DATA' | 'end'
/** A line in place of the right one, silence, or a broken connection. */
export type SmtpManner = string | 'hang' | 'cut'

export class SmtpReceiver {
  readonly mails: ReceivedMail[] = []
  readonly violations: string[] = []
  /** What is answered in place of what is right. */
  readonly manners: Partial<Record<Verb, SmtpManner>> = {}
  private server: Server | null = null
  private readonly sockets = new Set<Socket>()
  private port = 0

  get url(): string {
    return `smtp://127.0.0.1:${this.port}`
  }

  async open(): Promise<this> {
    this.server = createServer(socket => this.talk(socket))
    this.server.listen(this.port, '127.0.0.1')
    await once(this.server, 'listening')
    this.port = (this.server.address() as AddressInfo).port
    return this
  }

  async close(): Promise<void> {
    const { server } = this
    this.server = null
    if (server === null) return
    for (const socket of this.sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  }

  private talk(socket: Socket): void {
    this.sockets.add(socket)
    socket.on('close', () => this.sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    const conversation = new Conversation(this)
    const say = (verb: Verb | null, right: string): void => {
      const manner = verb === null ? undefined : this.manners[verb]
      if (manner === 'hang') return
      if (manner === 'cut') socket.destroy()
      else socket.write(`${manner ?? right}\r\n`)
    }
    say('greeting', '220 receiver.test ESMTP')
    let pending = ''
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => {
      pending += chunk
      for (let end = pending.indexOf('\r\n'); end >= 0; end = pending.indexOf('\r\n')) {
        const line = pending.slice(0, end)
        pending = pending.slice(end + 2)
        conversation.line(line, say, () => socket.end('221 bye\r\n'))
      }
    })
  }
}

/** Octets of a line with its end, and of a line of text. */
const COMMAND_MOST = 512
const TEXT_MOST = 1_000

class Conversation {
  private readonly receiver: SmtpReceiver
  private state: 'new' | 'greeted' | 'from' | 'to' | 'data' = 'new'
  private from = ''
  private to: string[] = []
  private lines: string[] = []

  constructor(receiver: SmtpReceiver) {
    this.receiver = receiver
  }

  line(line: string, say: (verb: Verb | null, right: string) => void, quit: () => void): void {
    if (this.state === 'data') {
      this.text(line, say)
      return
    }
    if (line.length + 2 > COMMAND_MOST) this.wrong(`a command of ${line.length} octets`)
    const refused = (verb: Verb): boolean => /^[45]/.test(this.receiver.manners[verb] ?? '')
    const [, verb = '', rest = ''] = /^([A-Za-z]+)(?:[ :](.*))?$/.exec(line) ?? []
    const address = /^(?:FROM|TO):<([^<>]*)>/i.exec(rest)?.[1]
    switch (verb.toUpperCase()) {
      case 'EHLO':
      case 'HELO':
        this.reset('greeted')
        say('EHLO', '250-receiver.test\r\n250-8BITMIME\r\n250 SIZE 10485760')
        return
      case 'MAIL':
        if (this.state !== 'greeted' || address === undefined) this.wrong(`MAIL when ${this.state}: ${line}`)
        this.from = address ?? ''
        if (!refused('MAIL')) this.state = 'from'
        say('MAIL', '250 ok')
        return
      case 'RCPT':
        if ((this.state !== 'from' && this.state !== 'to') || address === undefined || address === '')
          this.wrong(`RCPT when ${this.state}: ${line}`)
        if (!refused('RCPT')) {
          this.to.push(address ?? '')
          this.state = 'to'
        }
        say('RCPT', '250 ok')
        return
      case 'DATA':
        if (this.state !== 'to') this.wrong(`DATA when ${this.state}`)
        if (!refused('DATA')) this.state = 'data'
        say('DATA', '354 end with a point')
        return
      case 'RSET':
        this.reset('greeted')
        say(null, '250 ok')
        return
      case 'NOOP':
        say(null, '250 ok')
        return
      case 'QUIT':
        quit()
        return
      default:
        this.wrong(`unknown command: ${line}`)
        say(null, '500 unknown')
    }
  }

  private text(line: string, say: (verb: Verb | null, right: string) => void): void {
    if (line !== '.') {
      if (line.length + 2 > TEXT_MOST) this.wrong(`a line of ${line.length} octets`)
      this.lines.push(line.startsWith('.') ? line.slice(1) : line)
      return
    }
    const source = Buffer.from(`${this.lines.join('\r\n')}\r\n`, 'latin1').toString('utf8')
    if (!/^[45]/.test(this.receiver.manners.end ?? ''))
      this.receiver.mails.push({ from: this.from, to: this.to, source, plain: unquoted(source) })
    this.reset('greeted')
    say('end', '250 taken')
  }

  private reset(state: 'greeted'): void {
    this.state = state
    this.from = ''
    this.to = []
    this.lines = []
  }

  private wrong(what: string): void {
    this.receiver.violations.push(what)
  }
}

function unquoted(source: string): string {
  const bytes = (quoted: string): Buffer => Buffer.from(quoted.replaceAll('=', ''), 'hex')
  return source.replace(/=\r\n/g, '').replace(/(?:=[0-9A-F]{2})+/g, quoted => bytes(quoted).toString('utf8'))
}
