import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Controller, Get, Header } from '@nestjs/common'
import { appRoot } from '../app-root.ts'

@Controller()
export class PageController {
  readonly #html = readFileSync(join(appRoot, 'page/index.html'), 'utf8')

  @Get()
  @Header('Content-Type', 'text/html; charset=utf-8')
  @Header(
    'Content-Security-Policy',
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:",
  )
  show(): string {
    return this.#html
  }
}
