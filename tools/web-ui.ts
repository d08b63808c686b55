import type { Page } from 'playwright-core';
import { sessionWorkflowId } from '../src/domain/ids';

/** What a person enters about the codec server. */
export interface CodecSettings {
  /** The codec server's URL. */
  endpoint: string;
  /** Turns on what is off at first. */
  passAccessToken?: boolean;
}

/** Temporal Web UI in a browser, used as a person does. */
export class WebUi {
  constructor(
    readonly page: Page,
    /** Web UI's own URL, without a trailing slash. */
    private readonly url: string,
    private readonly namespace = 'default',
  ) {}

  /** Opens the list of workflows that a query finds, and keeps it as a view when it has a name. */
  async openList(query: string, view?: string): Promise<void> {
    const named = view === undefined ? '' : `&savedQuery=${encodeURIComponent(view)}`;
    await this.page.goto(`${this.workflows()}?query=${encodeURIComponent(query)}${named}`);
  }

  /** Opens a session. */
  async openSession(key: string): Promise<void> {
    await this.page.goto(this.session(key));
    await this.page.getByText('watchSession').first().waitFor();
  }

  /** Opens a session's summary and current details. */
  async openDetails(key: string): Promise<void> {
    await this.page.goto(`${await this.sessionWithRun(key)}/user-metadata`);
    await this.page.getByRole('heading', { name: 'Current Details' }).waitFor();
  }

  /** Enters the codec server, for this browser. */
  async configureCodec({ endpoint, passAccessToken }: CodecSettings): Promise<void> {
    await this.page.getByTestId(/^data-encoder-status/).click();
    await this.page.getByLabel('Codec Server browser endpoint').fill(endpoint);
    // The switch itself is hidden behind its label.
    if (passAccessToken) await this.page.getByText('Pass the user access token').click();
    await this.page.getByRole('button', { name: 'Apply' }).click();
    await this.page.reload();
  }

  private workflows(): string {
    return `${this.url}/namespaces/${this.namespace}/workflows`;
  }

  private session(key: string): string {
    return `${this.workflows()}/${encodeURIComponent(sessionWorkflowId(key))}`;
  }

  private async sessionWithRun(key: string): Promise<string> {
    await this.openSession(key);
    return this.page.url().replace(/\/(timeline|history)\b.*$/, '');
  }
}
