import { BadRequestException, Injectable, type PipeTransform } from '@nestjs/common'

// Postgres takes no NUL, and JSON no half of a character.
const isQuestion = (value: unknown): value is string =>
  typeof value === 'string' && value.trim() !== '' && /^[^\p{Cc}\p{Surrogate}]{1,500}$/u.test(value)

/** Takes the question out of the body `{ "question": "…" }`; 400 for anything else. */
@Injectable()
export class QuestionPipe implements PipeTransform<unknown, string> {
  transform(body: unknown): string {
    const { question, ...others } = { ...(body as { question?: unknown } | undefined) }
    if (isQuestion(question) && Object.keys(others).length === 0) return question.trim()
    throw new BadRequestException('question: expected it alone, a line of 1 to 500 characters')
  }
}
