// The answers to one request, written as they are decided: those of one turn of the loop together.

import type { ServerResponse } from 'node:http'

/** Writes for all requests of a server at the end of each turn. */
export class Answers {
  private dirty: AnswerStream[] = []

  add(stream: AnswerStream): void {
    if (this.dirty.push(stream) === 1) setImmediate(() => this.flush())
  }

  private flush(): void {
    const streams = this.dirty
    this.dirty = []
    for (const stream of streams) stream.flush()
  }
}

export class AnswerStream {
  private readonly response: ServerResponse
  private readonly answers: Answers
  private text = ''
  /** Calls without an answer. */
  private open: number
  private gone = false

  constructor(response: ServerResponse, answers: Answers, calls: number) {
    this.response = response
    this.answers = answers
    this.open = calls
    response.on('close', () => {
      this.gone = true
    })
  }

  add(line: string): void {
    this.open--
    if (this.text === '') this.answers.add(this)
    this.text += `${line}\n`
  }

  flush(): void {
    const { text, response } = this
    this.text = ''
    // Whoever asked is gone: it asks again, and hears the same.
    if (this.gone) return
    if (!response.headersSent) response.writeHead(200, HEADERS)
    if (this.open === 0) response.end(text)
    else response.write(text)
  }
}

const HEADERS = { 'content-type': 'application/x-ndjson' }
