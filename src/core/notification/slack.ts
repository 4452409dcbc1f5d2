/**
 * Slack, incoming webhooks (docs.slack.dev: "Sending messages using incoming webhooks", Block Kit). Texts are `plain_text`, in which
 * nothing is formatted, and escaped besides; only commands of ours are `mrkdwn`, so that they can be copied.
 */
import { slackText } from './inert-text.ts';
import type { Message } from './message.ts';

/** Slack: header block, section block, top-level text. */
const MAX_HEADER = 150;
const MAX_SECTION = 3_000;
const MAX_TEXT = 4_000;

const MARKS = { critical: '[!]', error: '[!]', warning: '[?]', info: '[ok]' } as const;

function plain(text: string, max: number): unknown {
  return { type: 'plain_text', text: slackText(text, max), emoji: false };
}

/** The body of the POST. */
export function slackBody(message: Message): unknown {
  const { title, facts, commands, severity, cluster, policy, at } = message;
  const header = `${MARKS[severity]} ${cluster === '' ? '' : `${cluster}: `}${title}`;
  const lines = Object.entries({ ...facts, ...(policy === '' ? {} : { Policy: policy }), At: at });
  const body = lines.map(([key, text]) => `${key}: ${text}`).join('\n');
  // No name of ours has a backtick.
  const paste = commands.map((command) => command.replaceAll('`', '')).join('\n');
  return {
    text: slackText(header, MAX_TEXT),
    mrkdwn: false,
    unfurl_links: false,
    unfurl_media: false,
    blocks: [
      { type: 'header', text: plain(header, MAX_HEADER) },
      { type: 'section', text: plain(body, MAX_SECTION) },
      ...(paste === ''
        ? []
        : [
            {
              type: 'section',
              text: { type: 'mrkdwn', text: `\`\`\`${slackText(paste, MAX_SECTION - 6)}\`\`\``, verbatim: true },
            },
          ]),
    ],
  };
}
