import { GOOD_CREDENTIALS } from '../institutions';
import type { SandboxLinkSession, LinkTokenRecord } from '../records';
import type { Action, PageVisit } from './flow';
import { choices } from './flow';
import type { Html } from './html';
import { html } from './html';
import { STYLE_PATH } from './style';

/** Longer names show as a generic one, as on Plaid's page (plaid.com/docs, 2026-03). */
const LONGEST_CLIENT_NAME = 30;

/** What the views need to know of a session. */
interface PageSession {
  record: LinkTokenRecord;
  /** The path of its page. */
  path: string;
}

/** The page of the step at which the person stands. */
export function stepPage(session: PageSession, visit: PageVisit): string {
  switch (visit.step) {
    case 'institution':
      return institutionPage(session, visit);
    case 'credentials':
      return credentialsPage(session, visit);
    case 'accounts':
      return accountsPage(session, visit);
    case 'review':
      return reviewPage(session, visit);
  }
}

function institutionPage(session: PageSession, visit: PageVisit): string {
  return page(
    'Choose your bank',
    html`${steps(1)}
      <h1>Choose your bank</h1>
      <p class="lead">Connect an account to share it with <strong>${clientName(session.record)}</strong>.</p>
      <form method="post" action="${session.path}/institution">
        <ul class="banks">
          ${choices(visit).map(
            (bank) =>
              html`<li>
                <button class="bank" name="institution" value="${bank.institutionId}">
                  ${mark(bank.name)}<span>${bank.name}</span>
                </button>
              </li>`,
          )}
        </ul>
      </form>
      <div class="row">
        ${visit.connected.length > 0 ? button(session, 'back', 'Back') : undefined}${leave(session)}
      </div>`,
  );
}

function credentialsPage(session: PageSession, visit: Extract<PageVisit, { step: 'credentials' }>): string {
  const { institution, problem, mends } = visit;
  const invalid = problem === undefined ? undefined : html` aria-invalid="true" aria-describedby="problem"`;
  return page(
    `Sign in to ${institution.name}`,
    html`${steps(2)}
      <div class="heading">
        ${mark(institution.name)}
        <h1>Sign in to ${institution.name}</h1>
      </div>
      ${problemNote(problem)}
      <form method="post" action="${session.path}/credentials">
        <label for="username">Username</label>
        <input
          id="username"
          name="username"
          autocomplete="off"
          autocapitalize="none"
          spellcheck="false"
          required
          autofocus${invalid}
        />
        <label for="password">Password</label>
        <input id="password" name="password" type="password" autocomplete="off" required${invalid} />
        <p class="hint">
          In this sandbox <code>${GOOD_CREDENTIALS.username}</code> with
          <code>${GOOD_CREDENTIALS.password}</code>
          signs in; anything else fails.
        </p>
        <button class="primary">Sign in</button>
      </form>
      <div class="row">
        ${mends ? undefined : button(session, 'back', 'Choose another bank')}${leave(session)}
      </div>`,
    problem,
  );
}

function accountsPage(session: PageSession, visit: Extract<PageVisit, { step: 'accounts' }>): string {
  const { institution, problem } = visit;
  return page(
    'Choose accounts',
    html`${steps(3)}
      <div class="heading">${mark(institution.name)}<h1>Choose accounts</h1></div>
      ${problemNote(problem)}
      <form method="post" action="${session.path}/accounts">
        <fieldset${problem === undefined ? undefined : html` aria-describedby="problem"`}>
          <legend>Which accounts at ${institution.name} will you share?</legend>
          ${institution.accounts.map(
            (account) =>
              html`<label class="account">
                <input type="checkbox" name="account" value="${account.id}" />
                <span class="account-name">${account.name}<small>${account.kind}</small></span>
                <span class="mask"><span class="visually-hidden">ending in </span>${account.mask}</span>
              </label>`,
          )}
        </fieldset>
        <button class="primary">Continue</button>
      </form>
      <div class="row">${button(session, 'back', 'Choose another bank')}${leave(session)}</div>`,
    problem,
  );
}

function reviewPage(session: PageSession, visit: PageVisit): string {
  const { record } = session;
  const { connected } = visit;
  const another = record.multiItem && !visit.mends && choices(visit).length > 0;
  return page(
    'Review and finish',
    html`${steps(4)}
      <h1>Review and finish</h1>
      <p class="lead">You are about to share with <strong>${clientName(record)}</strong>:</p>
      ${connected.map(
        ({ institution, accounts }) =>
          html`<section class="summary">
            <h2>${institution.name}</h2>
            <ul>
              ${accounts.map(
                (account) =>
                  html`<li>
                    <span>${account.name}</span>
                    <span class="mask"><span class="visually-hidden">ending in </span>${account.mask}</span>
                  </li>`,
              )}
            </ul>
          </section>`,
      )}
      <form method="post" action="${session.path}/finish"><button class="primary">Finish</button></form>
      <div class="row">
        ${another ? button(session, 'another', 'Add another bank') : undefined}${leave(session)}
      </div>`,
  );
}

/** The page of a finished session. */
export function completedPage({ record }: PageSession): string {
  return page(
    'All done',
    html`<div class="badge good" aria-hidden="true">✓</div>
      <h1>All done</h1>
      <p class="lead">Your accounts are connected to <strong>${clientName(record)}</strong>.</p>
      ${returnLink(record) ?? html`<p>You can close this page.</p>`}`,
  );
}

/** The page of a person who left. */
export function leftPage({ record, path }: PageSession, { results }: SandboxLinkSession): string {
  const shared = results.map(({ institution }) => institution.name);
  return page(
    'You left',
    html`<h1>You left before finishing</h1>
      <p class="lead">
        ${shared.length > 0 ? shared.join(', ') : 'Nothing'} was shared with
        <strong>${clientName(record)}</strong>. You can come back while this link is valid.
      </p>
      <p><a class="primary" href="${path}">Start again</a></p>
      ${returnLink(record)}`,
  );
}

/** The page of a session that ended by its clock. */
export function expiredPage(): string {
  return page(
    'This link has expired',
    html`<h1>This link has expired</h1>
      <p class="lead">Nothing more can be done here. Ask whoever sent it for a new one.</p>`,
  );
}

/** The page of a link that leads nowhere. */
export function unknownPage(): string {
  return page(
    'This link does not work',
    html`<h1>This link does not work</h1>
      <p class="lead">No session belongs to it. Check that you have the whole address.</p>`,
  );
}

/** The page of a request that is not served. */
export function refusedPage(): string {
  return page(
    'This request was refused',
    html`<h1>This request was refused</h1>
      <p class="lead">It did not come from this page. Open your link again and go on from there.</p>`,
  );
}

function page(title: string, content: Html, problem?: string): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <title>${problem === undefined ? '' : 'Error: '}${title} – Hosted Link sandbox</title>
        <link rel="stylesheet" href="${STYLE_PATH}" />
      </head>
      <body>
        <header><strong>Hosted Link</strong><span class="tag">Offline sandbox, no real bank</span></header>
        <main>${content}</main>
      </body>
    </html> `.markup;
}

function steps(current: number): Html {
  return html`<div class="steps">
    <p>Step ${current} of 4</p>
    <progress max="4" value="${current}" aria-hidden="true"></progress>
  </div>`;
}

function mark(name: string): Html {
  return html`<span class="mark" aria-hidden="true">${name.charAt(0)}</span>`;
}

function problemNote(problem: string | undefined): Html | undefined {
  return problem === undefined
    ? undefined
    : html`<p class="problem" role="alert" id="problem">${problem}</p>`;
}

function button(session: PageSession, action: Action, label: string): Html {
  return html`<form method="post" action="${session.path}/${action}">
    <button class="quiet">${label}</button>
  </form>`;
}

function leave(session: PageSession): Html {
  return button(session, 'leave', 'Leave without connecting');
}

function returnLink({ completionRedirectUri }: LinkTokenRecord): Html | undefined {
  if (completionRedirectUri === undefined) return undefined;
  const { host } = new URL(completionRedirectUri);
  return html`<p><a class="quiet" rel="noreferrer" href="${completionRedirectUri}">Return to ${host}</a></p>`;
}

function clientName({ clientName: name }: LinkTokenRecord): string {
  return name.length > LONGEST_CLIENT_NAME ? 'this application' : name;
}
