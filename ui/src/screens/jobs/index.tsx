import { Page } from "../../parts/page";
import { Loading } from "../../parts/states";

export default function Jobs() {
  return (
    <Page title="Jobs">
      <Loading />
    </Page>
  );
}
