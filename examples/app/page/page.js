// @ts-check
/*
 * The page follows the person's latest link by server-sent events, and shows what it is told. It knows no token, and keeps
 * nothing: reloaded, it goes on with the session that is under way.
 */

/** @typedef {import('../link-view').LinkView} LinkView */
/** @typedef {import('../banks').BankView} BankView */
/** @typedef {import('../banks').BankAccounts} BankAccounts */

/** @param {string} id */
const part = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

const status = part('status');
const openLink = /** @type {HTMLAnchorElement} */ (part('open-link'));
const qrCode = /** @type {HTMLImageElement} */ (part('qr-code'));
const bankTemplate = /** @type {HTMLTemplateElement} */ (part('bank'));

/** @type {LinkView | undefined} */
let link;
/** @type {EventSource | undefined} */
let events;

/** The server answered with something that the person should read. */
class Refused extends Error {
  /** @param {number} code @param {string} message */
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/**
 * @param {string} method
 * @param {string} path
 * @param {object} [body]
 */
async function ask(method, path, body) {
  const init =
    body === undefined
      ? { method }
      : { method, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
  const response = await fetch(path, init);
  const answer = response.status === 204 ? undefined : await response.json();
  if (!response.ok) throw new Refused(response.status, answer.message);
  return answer;
}

/**
 * Does what a button asks for, once at a time, and shows what went wrong.
 *
 * @param {HTMLElement} button
 * @param {() => Promise<void>} action
 */
async function press(button, action) {
  if (button.getAttribute('aria-disabled') === 'true') return;
  button.setAttribute('aria-disabled', 'true');
  show('problem', false);
  await action().catch(showProblem);
  button.removeAttribute('aria-disabled');
}

/** @param {unknown} error */
function showProblem(error) {
  const isRefused = error instanceof Refused;
  part('problem').textContent = isRefused ? error.message : 'The server cannot be reached. Try again.';
  show('problem', true);
  // Signed out meanwhile: there is nothing to go on with.
  if (isRefused && error.code === 401) void load();
}

/** @param {string} id @param {boolean} isShown */
function show(id, isShown) {
  part(id).hidden = !isShown;
}

/** Shows what there is for who is signed in, or the choice of whom to be. */
async function load() {
  events?.close();
  const overview = await ask('GET', '/overview').catch((error) => {
    if (error instanceof Refused && error.code === 401) return undefined;
    throw error;
  });
  show('sign-in', !overview);
  show('connect', Boolean(overview));
  show('who', Boolean(overview));
  part('user-name').textContent = overview ? overview.user.name : '';
  renderBanks(overview ? overview.banks : []);
  renderLink(overview?.link ?? undefined);
  if (link && !link.isOver) follow(link);
}

/** @param {LinkView} followed */
function follow({ number }) {
  events?.close();
  events = new EventSource(`/bank-links/${number}/events`);
  events.addEventListener('link', (event) => {
    renderLink(JSON.parse(event.data));
    if (!link?.isOver) return;
    events?.close();
    void ask('GET', '/overview').then(({ banks }) => renderBanks(banks));
  });
  events.addEventListener('error', () => {
    // Else the browser connects again by itself.
    if (events?.readyState !== EventSource.CLOSED || link?.isOver) return;
    status.textContent = 'This page has lost its connection. Reload it to go on.';
  });
}

/** @param {LinkView | undefined} view */
function renderLink(view) {
  const focused = document.activeElement;
  link = view;
  status.dataset.kind = view ? kindOf(view) : '';
  // A text that is set again is read aloud again.
  const words = view ? view.message + linkedTo(view.institutions) : '';
  if (status.textContent !== words) status.textContent = words;
  show('start', !view || view.mayStart);
  part('start').textContent = view?.institutions.length ? 'Connect another bank' : 'Connect your bank';
  show('cancel', Boolean(view?.mayCancel));
  show('open', Boolean(view?.url));
  if (view?.url && openLink.href !== view.url) {
    openLink.href = view.url;
    qrCode.src = `/bank-links/${view.number}/qr-code.svg`;
  }
  // What had the focus may be gone.
  if (focused instanceof HTMLElement && focused !== document.body && !focused.checkVisibility())
    part('connect-title').focus();
}

/** @param {string[]} institutions */
function linkedTo(institutions) {
  return institutions.length > 0 ? ` You linked ${institutions.join(' and ')}.` : '';
}

/** @param {LinkView} view */
function kindOf({ nextStep, isOver, institutions }) {
  if (!isOver) return nextStep === 'CONTACT_SUPPORT' ? 'bad' : 'waiting';
  if (nextStep !== 'NONE') return 'bad';
  return institutions.length > 0 ? 'good' : '';
}

/** @param {BankView[]} banks */
function renderBanks(banks) {
  show('banks', banks.length > 0);
  part('bank-list').replaceChildren(...banks.map(bankEntry));
}

/** @param {BankView} bank */
function bankEntry({ itemId, name }) {
  const entry = /** @type {DocumentFragment} */ (bankTemplate.content.cloneNode(true));
  /** @param {string} selector */
  const find = (selector) => /** @type {HTMLElement} */ (entry.querySelector(selector));
  const [title, showButton, renewal, renew, list] = ['h3', '.show', '.renewal', '.renew', '.accounts'].map(
    find,
  );
  title.textContent = name;
  showButton.setAttribute('aria-label', `Show accounts at ${name}`);
  renew.setAttribute('aria-label', `Renew the connection to ${name}`);
  showButton.addEventListener('click', () =>
    press(showButton, async () => {
      /** @type {BankAccounts} */
      const { accounts, needsRenewal } = await ask('GET', `/banks/${encodeURIComponent(itemId)}/accounts`);
      list.replaceChildren(...accounts.map(accountEntry));
      list.hidden = accounts.length === 0;
      renewal.hidden = !needsRenewal;
    }),
  );
  renew.addEventListener('click', () => press(renew, () => start({ mendsItemId: itemId })));
  return entry;
}

/** @param {BankAccounts['accounts'][number]} account */
function accountEntry({ name, mask, balance, currency }) {
  const entry = document.createElement('li');
  const amount = document.createElement('span');
  amount.className = 'amount';
  amount.textContent = balance === null ? '–' : money(balance, currency);
  entry.append(mask ? `${name} ··${mask}` : name, amount);
  return entry;
}

/** @param {number} amount @param {string | null} currency */
function money(amount, currency) {
  if (currency === null) return String(amount);
  return new Intl.NumberFormat('en-US', { style: 'currency', currency }).format(amount);
}

/** @param {{ mendsItemId?: string }} request */
async function start(request) {
  // Opened in the click itself: later a browser takes it for a pop-up. Where it is blocked, the link is there.
  const tab = window.open('/opening', '_blank');
  try {
    renderLink(await ask('POST', '/bank-links', request));
  } catch (error) {
    tab?.close();
    throw error;
  }
  if (tab && link?.url) {
    tab.opener = null;
    tab.location.replace(link.url);
  } else tab?.close();
  if (link && !link.isOver) follow(link);
  (link?.url ? openLink : part('connect-title')).focus();
}

part('start').addEventListener('click', () => press(part('start'), () => start({})));
part('cancel').addEventListener('click', () =>
  press(part('cancel'), async () => void (await ask('POST', `/bank-links/${link?.number}/cancel`))),
);
part('sign-out').addEventListener('click', () =>
  press(part('sign-out'), async () => {
    await ask('POST', '/sign-out');
    await load();
    part('sign-in-title').focus();
  }),
);
for (const button of part('sign-in').querySelectorAll('button')) {
  button.addEventListener('click', () =>
    press(button, async () => {
      await ask('POST', '/sign-in', { userId: button.dataset.userId });
      await load();
      part('connect-title').focus();
    }),
  );
}

// Who looks at this page again may be done in the other one.
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState !== 'visible' || !link || link.isOver) return;
  void ask('POST', `/bank-links/${link.number}/hint`).catch(() => undefined);
});

load().catch(showProblem);
