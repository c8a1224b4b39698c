import { Page } from "../../parts/page";
import { Loading } from "../../parts/states";

export default function Backfills() {
  return (
    <Page title="Backfills">
      <Loading />
    </Page>
  );
}
