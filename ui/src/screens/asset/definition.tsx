/** How the asset is defined: what makes it, of what, where it is kept; and its code. */
import type { AssetDetail } from "../../api/contract";
import { AssetLink } from "../../app/location";
import { Button } from "../../parts/button";
import { Chip, Facts } from "../../parts/fields";
import { MetaList } from "../../parts/meta";
import { Card } from "../../parts/page";
import { Description } from "../../parts/prose";

export function Definition({ asset }: { asset: AssetDetail }) {
  const { definition } = asset;
  return (
    <div className="asset-overview">
      <div className="stack wide-gap">
        {asset.description && <Description text={asset.description} html={asset.description_html} />}
        {definition.source && <Source {...definition.source} />}
        {definition.config_schema && (
          <Card title="Config">
            <pre className="code" tabIndex={0} role="region" aria-label="Schema of the config">
              {JSON.stringify(definition.config_schema, null, 2)}
            </pre>
          </Card>
        )}
        {definition.python_snippet && (
          <Card title="In Python" actions={<CopyButton text={definition.python_snippet} />}>
            <pre className="code" tabIndex={0} role="region" aria-label="How to load it in Python">
              {definition.python_snippet}
            </pre>
          </Card>
        )}
      </div>
      <aside className="stack wide-gap" aria-label="Definition">
        <Card title="Definition">
          <Facts
            facts={[
              ["Group", asset.group],
              ["Made by", asset.op && <code>{asset.op}</code>],
              ["Type", definition.type && <code>{definition.type}</code>],
              ["IO manager", asset.io_manager_key && <code>{asset.io_manager_key}</code>],
              ["Resources", asset.required_resources.length > 0 && asset.required_resources.map((name) => <Chip key={name}>{name}</Chip>)],
              ["Queue", asset.queue],
              ["Pool", asset.pool],
              ["Partitions", asset.partitions?.description],
              ["Automation", asset.automation],
              ["Freshness", asset.freshness],
              ["Code version", asset.code_version && <code>{asset.code_version}</code>],
              ["May be skipped", asset.skippable && "yes: its output is not required"],
            ]}
          />
        </Card>
        {definition.metadata.length > 0 && (
          <Card title="Metadata of the definition">
            <MetaList items={definition.metadata} />
          </Card>
        )}
        <Card title="Inputs">
          {asset.deps.length === 0 ? (
            <p className="muted small">None.</p>
          ) : (
            <ul className="deps">
              {asset.deps.map((dep) => (
                <li key={dep.key}>
                  <AssetLink name={dep.key} />
                  <span className="faint xs">
                    {dep.argument ? `as ${dep.argument}` : "not loaded, only before"}
                    {dep.mapping && `; ${dep.mapping}`}
                  </span>
                </li>
              ))}
            </ul>
          )}
        </Card>
      </aside>
    </div>
  );
}

function Source({ file, line, text }: { file: string; line: number; text: string }) {
  const lines = text.replace(/\n$/, "").split("\n");
  return (
    <Card title={<span className="mono">{`${file}:${line}`}</span>} actions={<CopyButton text={text} />} flush>
      <pre className="code source" tabIndex={0} role="region" aria-label={`Source in ${file}`}>
        {lines.map((one, i) => (
          <span key={i} className="source-line">
            <span className="source-number" aria-hidden="true">
              {line + i}
            </span>
            {one}
            {"\n"}
          </span>
        ))}
      </pre>
    </Card>
  );
}

const CopyButton = ({ text }: { text: string }) => (
  <Button small look="quiet" onClick={() => void navigator.clipboard.writeText(text)}>
    Copy
  </Button>
);
