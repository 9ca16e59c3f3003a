// What starting, watching and finding again need to know of a server that Levee runs by itself.

export type EngineName = 'mariadb' | 'redis' | 'kafka'

/** Gets a line before something takes long. */
export type Say = (line: string) => void

/** Made for every server; each uses those of the users it has. Hexadecimal digits: nothing in them needs quoting. */
export interface Passwords {
  readonly levee: string
  readonly admin: string
}

/** One start. */
export interface Place<P extends object, O extends object> {
  readonly programs: P
  /** Everything of the server is in here. */
  readonly folder: string
  readonly port: number
  readonly passwords: Passwords
  readonly options: O
}

export interface Command {
  readonly program: string
  readonly args: readonly string[]
}

export interface Urls {
  /** What the shop's setting takes. */
  readonly url: string
  /** The same server with every right, where there is such a user. */
  readonly adminUrl?: string
}

/** `P`: its programs on this machine. `O`: what may be chosen of it. Both are handed on as JSON. */
export interface Engine<P extends object = object, O extends object = object> {
  readonly name: EngineName
  /** As people write it. */
  readonly title: string
  /** The environment variable by which a shop takes a server's URL. */
  readonly variable: `LEVEE_${string}`
  /** Longest time from start to first answer, ms. */
  readonly startTimeout: number
  /** What is chosen for a server that people work with: its data is to stay. */
  readonly standing: O
  /** @throws EngineMissing when it is neither here nor installable */
  ensure(say: Say): Promise<P>
  /** Makes what the server needs in its folder, before each start; data that is there stays. */
  prepare(place: Place<P, O>): Promise<Command>
  /** Whether the server lets its user in and answers. */
  answers(port: number, passwords: Passwords): Promise<boolean>
  /** Removes what was for the start only. */
  started?(folder: string): Promise<void>
  /** Whether this command line is of the server in this folder: process ids are used again. */
  isOurs(commandLine: string, folder: string): boolean
  urls(port: number, passwords: Passwords): Urls
}
