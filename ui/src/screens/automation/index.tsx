import { Page } from "../../parts/page";
import { Loading } from "../../parts/states";

export default function Automation() {
  return (
    <Page title="Automation">
      <Loading />
    </Page>
  );
}
