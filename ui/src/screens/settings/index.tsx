import { Page } from "../../parts/page";
import { Loading } from "../../parts/states";

export default function Settings() {
  return (
    <Page title="Settings">
      <Loading />
    </Page>
  );
}
