import type { IncomingMessage } from 'node:http'
import { createParamDecorator, type ExecutionContext } from '@nestjs/common'
import { TextPipe } from '../text.pipe.ts'

const header = createParamDecorator(
  (name: string, context: ExecutionContext): unknown =>
    context.switchToHttp().getRequest<IncomingMessage>().headers[name] ?? 'main-street',
)

/**
 * The shop that a request is for. There is no login here, so every request names its own; where there is one, take it from
 * the session, and never from what a request says. Whose a chat is comes from there too: here, whoever knows its id has it.
 */
export const Tenant = (): ParameterDecorator => header('x-tenant', TextPipe)
