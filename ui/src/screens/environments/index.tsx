import { Page } from "../../parts/page";
import { Loading } from "../../parts/states";

export default function Environments() {
  return (
    <Page title="Environments">
      <Loading />
    </Page>
  );
}
